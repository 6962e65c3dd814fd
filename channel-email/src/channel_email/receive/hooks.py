"""What is answered to each command before a mail: which sizes and recipients we take."""

from aiosmtpd.smtp import SMTP, Envelope, Session

from channel_email.receive import replies
from channel_email.receive.deliver import Deliver
from channel_email.receive.limits import Limit
from channel_email.receive.tell import Tell

RECIPIENTS = 1_000  # of one mail; RFC 5321 §4.5.3.1.8 asks for at least 100


class Hooks:
    """What aiosmtpd asks for at each command."""

    def __init__(self, deliver: Deliver, size_limit: int, tell: Tell) -> None:
        self._deliver, self._limit, self._tell = deliver, size_limit, tell

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds hooks by name
        self, _server: SMTP, seen: Session, _envelope: Envelope, hostname: str, offered: list[str]
    ) -> list[str]:
        seen.host_name = hostname
        more = [f"250-SIZE {self._limit}", "250-PIPELINING", "250 ENHANCEDSTATUSCODES"]
        return ["\r\n".join([*offered[:-1], *more])]  # the last one offered is HELP

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _seen: Session, envelope: Envelope, sender: str, options: list[str]
    ) -> str:
        for option in options:
            name, _, value = option.partition("=")
            if name == "SIZE" and value.isdecimal() and int(value) > self._limit:
                self._tell(Limit.SIZE)
                return replies.too_large(self._limit)
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender noted"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _seen: Session, envelope: Envelope, recipient: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            self._tell(Limit.RECIPIENTS)
            return replies.TOO_MANY_RECIPIENTS
        if not self._deliver.knows(recipient):
            return replies.UNKNOWN_ADDRESS
        envelope.rcpt_tos.append(recipient)
        return "250 2.1.5 Recipient noted"

    async def handle_exception(self, _error: Exception) -> str:
        return replies.TRY_AGAIN
