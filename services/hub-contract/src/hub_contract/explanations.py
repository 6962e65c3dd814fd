"""Why something stands where it stands, who did it, how it went: the codes behind every "why?".

The store says a code, whoever shows it has the words (`hub_pages.explained`).
"""

from enum import StrEnum


class Explanation(StrEnum):
    """The closed list; a code from a newer release is read as `other`."""

    # Why a message is in this conversation.
    TOKEN = "token"  # noqa: S105 - our reply address
    ANSWERS = "answers"
    ANSWERED_BY = "answered_by"  # by one that arrived earlier
    COPY = "copy"
    REFERENCE_KNOWN = "reference_known"
    REFERENCE_UNVERIFIED = "reference_unverified"
    ONLY_OPEN = "only_open"
    NEW = "new"
    NEW_GIVEN = "new_given"
    NEW_SEVERAL_OPEN = "new_several_open"
    NEW_AUTOMATIC = "new_automatic"
    NEW_SHARED = "new_shared"  # the sender's address writes for many people
    AGENT = "agent"
    ONLY_HINT = "only_hint"  # of an answer: a link went, its words rest in the inbox
    BY_RULE = "by_rule"  # ours, and nobody wrote it

    # What was odd about that.
    TOKEN_FORGED = "token_forged"  # noqa: S105
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105
    REFERENCE_UNKNOWN = "reference_unknown"
    REFERENCE_TAKEN = "reference_taken"
    REFERENCE_READ = "reference_read"  # only a machine has found it, in the pages of the original
    SENDER_UNKNOWN = "sender_unknown"
    SENDER_SHARED = "sender_shared"
    ANSWERED_BY_RULE = "answered_by_rule"  # HILFE, STATUS: a wish said in one word

    # What somebody did with the conversation.
    CLOSED = "closed"
    REOPENED = "reopened"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    TAKEN = "taken"
    ASSIGNED = "assigned"
    RELEASED = "released"
    CONFIRMED = "confirmed"
    DOUBTED = "doubted"
    SHARED = "shared"
    SINGLE = "single"
    FILE_RELEASED = "file_released"  # out of quarantine
    ADDRESS_ADDED = "address_added"  # where letters may go, from now on

    # What came of a call-back.
    CALLBACK_WANTED = "callback_wanted"
    CALLBACK_ASSIGNED = "callback_assigned"
    CALLBACK_RELEASED = "callback_released"
    CALLBACK_REACHED = "callback_reached"
    CALLBACK_NOT_REACHED = "callback_not_reached"
    CALLBACK_ENGAGED = "callback_engaged"
    CALLBACK_NUMBER_WRONG = "callback_number_wrong"
    CALLBACK_DONE = "callback_done"
    CALLBACK_WRITES = "callback_writes"  # she wants to write, or be written to, instead
    CALLBACK_WITHDRAWN = "callback_withdrawn"

    # Why something is proposed.
    NAMED = "named"
    SAME_SENDER = "same_sender"
    SAME_NAME = "same_name"

    # Why an answer may go out by a way, or may not.
    ASKED_FOR = "asked_for"
    CLAIMED = "claimed"  # asked for too, in a message whose sender is somebody else
    WROTE_LAST = "wrote_last"
    KNOWN_HERE = "known_here"
    NOT_CONFIRMED = "not_confirmed"
    NO_ADDRESS = "no_address"
    NO_ACCOUNT = "no_account"
    NO_ANSWERS = "no_answers"  # the channel carries none: people call people
    NOT_CARRIED = "not_carried"
    NOT_ALLOWED = "not_allowed"  # the authority sends nothing this way
    OPTED_OUT = "opted_out"
    NO_INBOX = "no_inbox"  # only a link may go there, and there is nothing that it leads to
    ONCE_FAILED = "once_failed"
    ONCE_RETURNED = "once_returned"

    # How far an answer got, for a citizen.
    ON_ITS_WAY = "on_its_way"
    ARRIVED = "arrived"
    WAS_READ = "was_read"
    DID_NOT_ARRIVE = "did_not_arrive"

    OTHER = "other"

    @classmethod
    def _missing_(cls, _value: object) -> "Explanation":
        return cls.OTHER
