"""Ask flufl.bounce, Mailman's collection of rare dialects, about a mail that seems to be a bounce.

Its patterns try every letter of a line as a beginning, so it gets few and short lines: the worst
text of this size costs a fraction of a second. It sees the text alone, never the mail.
"""

from email.message import Message

from flufl.bounce import all_failures

from channel_email.parse.headers import Headers

_LONGEST, _LINE = 8_000, 200  # characters of the text, and of a line of it


def names_failures(headers: Headers, words: str) -> bool:
    """Say whether it finds in the peer's words an address to which something was not delivered."""
    mail = Message()
    mail["From"] = headers.text(b"from")[:_LINE]
    mail["Content-Type"] = "text/plain; charset=utf-8"
    mail.set_payload("\n".join(line[:_LINE] for line in words[:_LONGEST].splitlines()))
    return any(all_failures(mail))
