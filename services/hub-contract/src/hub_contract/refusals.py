"""Why a request over HTTP was not carried out: a closed list of codes, with status and title each.

A problem (RFC 9457) carries its code as `type`, in the form `urn:faden:problem:<code>`. RFC 9457
§3.1.1 advises an absolute name, compared as it stands. We own no host to put an address under, and
one relative to ours would change with the prefix under which a gateway hangs a service; so it is a
name that leads nowhere (`faden` is no registered namespace of URNs).

Titles are for developers; whoever shows words to people chooses them by the code.
"""

import json
from enum import StrEnum
from typing import Self

PREFIX = "urn:faden:problem:"


class Refusal(StrEnum):
    """A code, its HTTP status, its title; a code from a newer release is read as `not_possible`."""

    status: int
    says: str

    def __new__(cls, code: str, status: int = 422, says: str = "") -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.status, member.says = status, says
        return member

    # Of every service.
    UNAUTHORIZED = "unauthorized", 401, "Unauthorized"
    FORBIDDEN = "forbidden", 403, "Forbidden"
    NOT_FOUND = "not_found", 404, "Not Found"
    NOT_VALID = "not_valid", 422, "Not valid"  # `faults` names the fields
    NOT_POSSIBLE = "not_possible", 422, "Cannot be done"  # for a reason that has no code
    BROKEN = "broken", 500, "Internal error"
    AWAY = "away", 503, "Try again later"

    # Of the store: an answer or a note.
    TEXT_MISSING = "text_missing", 422, "The text is empty"
    NOBODY_REACHABLE = "nobody_reachable", 422, "Nobody in this conversation can be reached"
    CHANNEL_REACHES_NOBODY = "channel_reaches_nobody", 422, "Nobody is reached by this channel"
    NOT_REACHED_SO = "not_reached_so", 422, "The contact point is not reached like this"
    ADDRESS_UNREADABLE = "address_unreadable", 422, "The address has no postcode and place"
    NOT_CONFIRMED = "not_confirmed", 422, "The contact point is not confirmed"
    NO_ACCOUNT = "no_account", 422, "There is no account to send from"
    NO_ANSWERS = "no_answers", 422, "This channel carries no answers"
    NOT_CARRIED = "not_carried", 422, "Our mail server does not carry this address"
    NOT_ALLOWED = "not_allowed", 422, "Our account may not send by this channel"
    OPTED_OUT = "opted_out", 422, "Nothing more is wanted by this channel"
    NO_INBOX = "no_inbox", 422, "Only a link may go there, and there is no inbox"
    LAST_IS_AUTOMATIC = "last_is_automatic", 422, "The last message is not to be answered so"
    KEY_USED = "key_used", 422, "The Idempotency-Key was used for another answer"

    # Of the store: what the way of an answer does not carry; the codes are those of `fit.Unfit`.
    TEXT_TOO_LONG = "text_too_long", 422, "The text is too long for this channel"
    NO_SUBJECT = "no_subject", 422, "This channel carries no subject"
    NO_HTML = "no_html", 422, "This channel carries plain text alone"
    NO_FILES = "no_files", 422, "This channel carries no files"
    TOO_MANY_FILES = "too_many_files", 422, "These are too many files for this channel"
    FILES_TOO_LARGE = "files_too_large", 422, "The files are too large for this channel"
    FILE_TYPE = "file_type", 422, "This channel does not carry files of this type"

    # Of the store: what agents do with conversations.
    UNTIL_PAST = "until_past", 422, "The moment lies in the past"
    TWO_TRANSACTIONS = "two_transactions", 422, "Both conversations belong to a transaction"
    THERE_ALREADY = "there_already", 422, "The entries are in that conversation already"
    ENTRIES_ELSEWHERE = "entries_elsewhere", 422, "Not all entries are in this conversation"
    ENTRIES_ALL = "entries_all", 422, "These are all entries of the conversation"
    UNDONE_ALREADY = "undone_already", 422, "The rearrangement is undone already"
    LATER_FIRST = "later_first", 422, "A later rearrangement stands in the way"
    SAME_CONTACT_POINT = "same_contact_point", 422, "It is the same contact point"
    OTHER_PARTY = "other_party", 422, "It belongs to another party"
    NOBODY_TO_LINK = "nobody_to_link", 422, "Nobody in this conversation can be linked"
    DECIDED_ALREADY = "decided_already", 422, "The proposal is decided already"
    CALLBACK_ENDED = "callback_ended", 422, "The call-back has ended already"
    TELEPHONE_WRONG = "telephone_wrong", 422, "The agent's telephone is no number that rings"

    # Of the store: reading.
    CURSOR_UNKNOWN = "cursor_unknown", 422, "The cursor is not of this list"
    SEARCH_UNCLEAR = "search_unclear", 422, "Neither one reference nor one address is given"
    REFERENCE_NOT_VALID = "reference_not_valid", 422, "The reference is not valid"
    REFERENCE_UNKNOWN = "reference_unknown", 422, "The reference leads nowhere"
    ERASED = "erased", 410, "The content has been erased"
    QUARANTINED = "quarantined", 423, "Held: harmful software was found in it"
    NOT_CHECKED = "not_checked", 423, "Held until it has been checked for harmful software"
    NOT_HELD = "not_held", 422, "The file is not held"
    FILE_HARMFUL = "file_harmful", 422, "Harmful software was found in a file"

    @classmethod
    def _missing_(cls, _value: object) -> "Refusal":
        return cls.NOT_POSSIBLE

    @property
    def type(self) -> str:
        return PREFIX + self

    @classmethod
    def of(cls, status: int, body: bytes = b"") -> "Refusal":
        """Return the refusal in an answer: by its problem's `type`, without one by its status."""
        try:
            said = json.loads(body or b"{}")
        except ValueError:  # no JSON, or no text at all
            said = {}
        type_ = str(said.get("type")) if isinstance(said, dict) else ""
        if type_.startswith(PREFIX):
            return cls(type_.removeprefix(PREFIX))
        return _BY_STATUS.get(status, cls.NOT_POSSIBLE)


# What says no more than its status does.
_PLAIN = (
    *(Refusal.UNAUTHORIZED, Refusal.FORBIDDEN, Refusal.NOT_FOUND),
    *(Refusal.BROKEN, Refusal.AWAY),
)
_BY_STATUS = {one.status: one for one in _PLAIN}
