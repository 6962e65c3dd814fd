"""What was odd about a message: a code that pages have words for, and what it is about."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator

from hub_contract.words import Text, Value


class ProblemCode(StrEnum):
    """The closed list; a code from a newer release is read as `other`."""

    # The message as a whole.
    UNREADABLE = "unreadable"  # about: what our parser failed with
    OVERRUN = "overrun"  # it took too long or too much memory; about: which, and how much
    EMPTY = "empty"
    NOT_A_MAIL = "not_a_mail"
    LOOP = "loop"  # it runs in a circle and is never answered automatically
    DATE_IMPOSSIBLE = "date_impossible"  # the moment of its arrival holds
    NO_SENDER = "no_sender"
    SENDER_UNREADABLE = "sender_unreadable"  # the envelope holds
    SEVERAL_SENDERS = "several_senders"  # the first one holds
    # Its texts.
    CHARSET_MISSING = "charset_missing"  # the text is a guess
    CHARSET_WRONG = "charset_wrong"  # likewise; about: the charset it names
    TEXT_IS_BINARY = "text_is_binary"  # kept as a file
    HTML_TOO_LARGE = "html_too_large"  # or nested too deep; kept as a file
    TOO_MANY_ATTRIBUTES = "too_many_attributes"  # of an HTML tag; likewise; about: how many may be
    TEXT_TOO_LONG = "text_too_long"  # the whole is kept as a file; about: characters shown
    # Its header and those of its parts; what is left out is in the original.
    HEADER_TOO_LARGE = "header_too_large"  # about: bytes, or fields, that were read
    HEADER_CUT = "header_cut"  # one field was too long; about: which
    TOO_MANY_PARAMETERS = "too_many_parameters"  # about: how many were read
    # Its parts.
    BOUNDARY_GUESSED = "boundary_guessed"
    BOUNDARY_MISSING = "boundary_missing"  # everything stands there as text
    NESTED_TOO_DEEP = "nested_too_deep"  # the rest is kept as a file
    TOO_MANY_PARTS = "too_many_parts"  # likewise; about: how many were read
    AFTER_THE_END = "after_the_end"  # more text; it is in the original
    BOX_UNOPENED = "box_unopened"  # winmail.dat; kept as a file
    SMIME_UNOPENED = "smime_unopened"  # smime.p7m, or the end of it; kept as a file
    ENCRYPTED = "encrypted"  # and so unread; kept as it came; about: by what, S/MIME or PGP
    FILE_RENAMED = "file_renamed"  # about: «b.png → b.jpg», as its bytes say
    FILE_TOO_LARGE = "file_too_large"  # the provider has it, we do not; about: its media type
    HARMFUL = "harmful"  # it holds harmful software, and so is not read
    FILE_MISSING = "file_missing"  # the provider does not give it out; likewise
    # Its pages.
    LINE_DROPPED = "line_dropped"  # the call broke off; about: pages that came, «2» or «2/3»
    # Its pages, as they are read by machine.
    TOO_MANY_PAGES = "too_many_pages"  # about: how many were read
    PAGE_TOO_LARGE = "page_too_large"  # read smaller, or not at all; about: which, from 1
    PAGE_UNREADABLE = "page_unreadable"  # about: which
    PAGES_CUT = "pages_cut"  # the file ends too early; about: the last page that there is
    # Around it.
    NUMBER_CONFIRMED = "number_confirmed"  # by a one-time code, for answers; about: the number
    ACCESS_BLOCKED = "access_blocked"  # a secret was wrong too often; about: until when, locally

    IN_WORDS = "in_words"  # about: a German sentence, from before there were codes
    OTHER = "other"

    @classmethod
    def _missing_(cls, _value: object) -> "ProblemCode":
        return cls.OTHER


class Problem(Value):
    """`about` is a name, a number, a time: the same in every language.

    Up to version 1.1 of the contract a problem was a German sentence, a string by itself.
    """

    code: ProblemCode
    about: Text = ""


def _read(value: Any) -> Any:
    return {"code": ProblemCode.IN_WORDS, "about": value} if isinstance(value, str) else value


PublishedProblem = Annotated[Problem, BeforeValidator(_read)]
