"""What we answer to mail servers: one table, every line with its enhanced code (RFC 2034)."""

import re

from channel_email.receive.limits import Limit

TRY_AGAIN = "451 4.3.0 Not possible right now, please try again later"
UNKNOWN_ADDRESS = "550 5.1.1 No such address here"
BARE_LINE_END = "550 5.5.2 Refused: a line ends with a bare CR or LF; lines end with CRLF"
BARE_LINE_END_LOST = "521 5.5.2 Refused: a line ends with a bare CR or LF; lines end with CRLF"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients, please send the others in another mail"
STOPPING = "421 4.3.2 Stopping, please try again later"

# What the client of a session hears that is sent away; it is free to come again.
GOODBYE = {
    Limit.SESSIONS: "421 4.3.2 Too many sessions, please try again later",
    Limit.SESSIONS_PER_ADDRESS: "421 4.7.0 Too many sessions of yours, please try again later",
    Limit.GAVE_WAY: "421 4.3.2 No mail for a while and others wait, please connect again",
    Limit.SESSION_TIME: "421 4.4.2 Session has lasted too long, please connect again",
    Limit.BETWEEN_MAILS: "421 4.4.2 No mail for too long, please connect again",
    Limit.COMMANDS: "421 4.7.0 Too many commands without a mail, please connect again",
    Limit.SILENCE: "421 4.4.2 Nothing heard for too long",
    Limit.MAIL_TIME: "421 4.4.2 Mail has taken too long, please try again later",
    Limit.RATE: "421 4.4.2 Mail comes too slowly, please try again later",
    Limit.LARGE_MAILS: "421 4.3.2 Too many large mails at once, please try again later",
}


def header_too_large(limit: int) -> str:
    return f"552 5.3.4 Header is larger than the limit of {limit} bytes"


def line_too_long(limit: int) -> str:
    return f"500 5.5.2 A line is longer than the limit of {limit} bytes"


def too_large(limit: int) -> str:
    return f"552 5.3.4 Mail is larger than the limit of {limit} bytes"


def taken(event_id: object) -> str:
    """Say yes with our id, so that the peer's log leads to the timeline."""
    return f"250 2.0.0 Taken in as {event_id}"


# aiosmtpd's own answers come without enhanced codes, which RFC 2033 demands of LMTP.
_ENHANCED = {
    "221": "2.0.0",
    "250": "2.0.0",
    "252": "2.5.0",
    "451": "4.3.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "552": "5.3.4",
    "553": "5.1.3",
    "555": "5.5.4",
}
_BARE = re.compile(r"(\d{3}) (?!\d\.\d{1,3}\.\d{1,3} )(.*)", re.DOTALL)


def with_enhanced_code(reply: str) -> str:
    """Return the reply with an enhanced code where it has none and its kind is known."""
    bare = _BARE.fullmatch(reply)
    code = _ENHANCED.get(bare[1]) if bare else None
    return f"{bare[1]} {code} {bare[2]}" if bare and code else reply
