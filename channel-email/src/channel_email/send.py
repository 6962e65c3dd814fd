"""The way out: hands mails to the authority's relay and says in our words what it answered.

Rule 1. Until the last dot is sent, nothing is sent: every broken connection is `Temporary`.
Rule 2. From the last dot to the answer nobody knows: a connection that breaks there is `unknown`.
Rule 3. A relay that does not let us in (greeting, TLS, password) is an operator's matter: the
        mail waits. What it says about one mail (MAIL, RCPT, DATA) is said about that mail.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Protocol

from aiosmtplib import SMTP, SMTPException, SMTPResponse, SMTPResponseException

from channel_email.parse.reasons import reason_of
from channel_email.render import Outgoing, Sender, render
from channel_email.settings import Account, Accounts, RelayHost, Tls
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested
from hub_contract.fit import Lack
from hub_kit.outgoing import Outcome
from hub_kit.retry import DAYS
from hub_kit.settings import ConfigurationError

IDLE = 20  # seconds after which a connection is not used again; relays hang up at 30 to 300
LOOK_AGAIN, LOOK_SOON = 600, 30  # seconds between looks at what relays take: known, not known yet
INLINE = 128 * 1024  # bytes of attachments above which a mail is built in a thread

# Relays without enhanced codes: the same number means different things at different moments.
_BARE = {
    ("MAIL", 552): Reason.TOO_LARGE,
    ("RCPT", 550): Reason.ADDRESS_UNKNOWN,
    ("RCPT", 551): Reason.ADDRESS_UNKNOWN,
    ("RCPT", 552): Reason.MAILBOX_FULL,
    ("RCPT", 553): Reason.ADDRESS_UNKNOWN,
    ("DATA", 552): Reason.TOO_LARGE,
    ("DATA", 554): Reason.REFUSED_BY_POLICY,
}
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_DOT = re.compile(rb"(?m)^\.")


class Note(Protocol):
    """`hub_kit.lacks.note_lack`, of this hub's database."""

    async def __call__(self, tenant: str, account: str, lack: Lack, *, lacking: bool) -> None: ...


class RelaySender:
    """`hub_kit.outgoing.Sender`; `now` gives the Date of a mail."""

    patience = DAYS

    def __init__(
        self,
        accounts: Accounts,
        relay: RelayHost | None,
        hostname: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        note: Note | None = None,
    ) -> None:
        self._accounts, self._relay = accounts, relay
        self._hostname, self._now, self._note = hostname, now, note
        self._pools: dict[RelayHost, Pool] = {}

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        account = self._accounts.get(request.tenant, request.account)
        if account is None:
            raise Permanent(
                f"account {request.account} of {request.tenant} is not configured",
                reason=Reason.NOT_CONFIGURED,
            )
        relay = account.settings.relay or self._relay
        if relay is None:
            raise Permanent(
                "no relay; set services.channel_email.relay", reason=Reason.NOT_CONFIGURED
            )
        settings = account.settings
        signatures = self._accounts.signatures.get(request.tenant, {})
        sender = Sender(settings.address, account.display_name, settings.mail_domain, signatures)
        if sum(map(len, files)) > INLINE:
            mail = await asyncio.to_thread(render, request, sender, files, self._now())
        else:
            mail = render(request, sender, files, self._now())
        pool = self._pools.setdefault(relay, Pool(relay, self._hostname))
        return await pool.send(mail, str(request.id))

    async def learn(self) -> None:
        """Ask for ever what the relays take, and note it for the store; for `ChannelParts.work`."""
        while True:
            known = await self._look()
            task = asyncio.current_task()
            if task and task.cancelling():
                return  # Python 3.11 loses a stop that comes just as `asyncio.wait_for` ends
            await asyncio.sleep(LOOK_AGAIN if known else LOOK_SOON)

    async def _look(self) -> bool:
        """Ask each relay once, and note it for all its accounts; return whether all is known."""
        by_relay: dict[RelayHost, list[Account]] = {}
        for account in self._accounts:
            if relay := account.settings.relay or self._relay:
                by_relay.setdefault(relay, []).append(account)
        known = [await self._learn(relay, accounts) for relay, accounts in by_relay.items()]
        return all(known)

    async def _learn(self, relay: RelayHost, accounts: Iterable[Account]) -> bool:
        if self._note is None:
            return True
        pool = Pool(relay, self._hostname)  # its own, which no mail waits for
        try:
            lacking = not await pool.takes_umlauts()
            for one in accounts:
                await self._note(one.tenant, one.name, Lack.INTERNATIONAL, lacking=lacking)
        except Temporary:
            return False
        finally:
            await pool.close()
        return True

    async def look_up(self, request: MessageRequested) -> Outcome | None:  # noqa: ARG002
        """A relay cannot be asked; what became of the mail is said by its reports, if at all."""
        return None

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.close()


class Pool:
    """A few connections to one relay, used again while they are warm."""

    def __init__(self, relay: RelayHost, hostname: str) -> None:
        self._relay, self._hostname = relay, hostname
        self._free = asyncio.Semaphore(relay.connections)
        self._warm: list[tuple[float, SMTP]] = []

    async def send(self, mail: Outgoing, envelope_id: str) -> Outcome:
        async with self._connection() as client:
            return await _hand_over(client, mail, envelope_id)

    async def takes_umlauts(self) -> bool:
        """Say whether the relay takes them before the @ (RFC 6531); `Temporary`: out of reach."""
        async with self._connection() as client:
            return client.supports_extension("smtputf8")

    async def close(self) -> None:
        warm, self._warm = self._warm, []
        for _, client in warm:
            with suppress(SMTPException, OSError):
                await client.quit(timeout=2)
            client.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        async with self._free:
            client = await self._take_warm() or await self._connect()
            try:
                yield client
            except BaseException:
                client.close()
                raise
            if client.is_connected:
                self._warm.append((asyncio.get_running_loop().time(), client))

    async def _take_warm(self) -> SMTP | None:
        """Return a connection that answers; one that the relay gave up is no failure."""
        while self._warm:
            since, client = self._warm.pop()
            if client.is_connected and asyncio.get_running_loop().time() - since < IDLE:
                with suppress(SMTPException, OSError):
                    await client.rset(timeout=5)
                    return client
            client.close()
        return None

    async def _connect(self) -> SMTP:
        relay = self._relay
        proven = relay.tls in (Tls.STARTTLS, Tls.IMPLICIT)
        client = SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.user or None,
            password=_password(relay) or None,
            local_hostname=self._hostname,
            timeout=relay.timeout,
            use_tls=relay.tls is Tls.IMPLICIT,
            start_tls=_START_TLS[relay.tls],
            tls_context=_context(relay) if proven else None,
            validate_certs=proven,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except SMTPResponseException as error:
            client.close()
            raise Temporary(f"relay does not let us in: {error.code}") from None
        except (SMTPException, OSError) as error:
            client.close()
            raise Temporary(f"relay is out of reach: {type(error).__name__}") from None
        return client


def _password(relay: RelayHost) -> str:
    try:
        return relay.password()
    except ConfigurationError as error:  # it was there at the start; an operator can mend it
        raise Temporary(str(error)) from None


_START_TLS = {Tls.NONE: False, Tls.IF_OFFERED: None, Tls.STARTTLS: True, Tls.IMPLICIT: False}


def _context(relay: RelayHost) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if relay.ca_file:
        context.load_verify_locations(relay.ca_file)
    return context


async def _hand_over(client: SMTP, mail: Outgoing, envelope_id: str) -> Outcome:
    try:
        answer = await _ask(client, mail, envelope_id)
        if answer:
            return answer
        assert client.protocol is not None
        client.protocol.write(_on_the_wire(mail.raw))
    except (SMTPException, OSError) as error:
        client.close()
        raise Temporary(f"relay broke off: {type(error).__name__}") from None
    try:
        # RFC 5321 §4.5.3.2.6: ten minutes; giving up earlier means doubt about a mail that is fine.
        response = await client.protocol.read_response(timeout=600)
    except (SMTPException, OSError) as error:
        client.close()
        return Outcome(Delivery.UNKNOWN, diagnostic=f"answer lost: {type(error).__name__}")
    if response.code != 250:
        return _refused("DATA", response)
    code = _enhanced(response) or "250"
    return Outcome(Delivery.ACCEPTED, Reason.NONE, code, response.message, mail.message_id)


async def _ask(client: SMTP, mail: Outgoing, envelope_id: str) -> Outcome | None:
    """Say MAIL, RCPT and DATA; return what was refused, or None when the relay waits for data."""
    options, report = "", ""
    if client.supports_extension("size"):
        options += f" SIZE={len(mail.raw)}"
    if not (mail.envelope_to.isascii() and mail.raw.isascii()):
        if not client.supports_extension("smtputf8"):
            said = "the relay takes no addresses with umlauts before the @"
            return Outcome(Delivery.FAILED, Reason.ADDRESS_NOT_CARRIED, "5.6.7", said)
        options += " SMTPUTF8"
    if client.supports_extension("dsn"):  # RFC 3461: tell us what becomes of it
        options += f" RET=HDRS ENVID={envelope_id}"
        report = " NOTIFY=SUCCESS,FAILURE,DELAY"
    commands = (
        ("MAIL", f"FROM:<{mail.envelope_from}>{options}", (250,)),
        ("RCPT", f"TO:<{mail.envelope_to}>{report}", (250, 251)),
        ("DATA", "", (354,)),
    )
    for verb, rest, good in commands:
        words = (verb, rest) if rest else (verb,)
        response = await client.execute_command(*(word.encode() for word in words))
        if response.code not in good:
            return _refused(verb, response)
    return None


def _refused(verb: str, response: SMTPResponse) -> Outcome:
    if 400 <= response.code < 500:
        raise Temporary(f"relay: {response.code} {response.message}"[:500])
    code = _enhanced(response)
    # As Postfix says it in a bounce, so that what is said about us is not read as about them.
    said = f"{response.code} {response.message} (in reply to {verb} command)"
    reason = reason_of(code, said)
    if not code and reason is Reason.OTHER:
        reason = _BARE.get((verb, response.code), Reason.OTHER)
    return Outcome(Delivery.FAILED, reason, code or str(response.code), response.message[:2_000])


def _enhanced(response: SMTPResponse) -> str:
    """Return the code of RFC 3463 that the answer begins with, or nothing."""
    match = _ENHANCED.match(response.message)
    return match.group() if match else ""


def _on_the_wire(raw: bytes) -> bytes:
    """`render` ends every line with CRLF; what begins with a dot gets a second one."""
    end = b"" if raw.endswith(b"\r\n") else b"\r\n"
    return _DOT.sub(b"..", raw) + end + b".\r\n"
