"""Takes Sinch's hooks in, which Sinch does not sign.

Rule 1. A secret stands in the address that Sinch calls; who does not say it is not heard.
Rule 2. Of what a hook says only the id is believed: Sinch is asked what it knows of that fax.
Rule 3. The file comes from Sinch's interface, too; yes to the hook means that it is safe.
"""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import FormParser, parse_options_header

from channel_fax.numbers import HOOK_USER, Accounts, SinchNumber
from channel_fax.parse import sinch as read
from channel_fax.parse.hosted import parse_fax, report
from channel_fax.providers.said import text
from channel_fax.providers.sinch import Sinch
from channel_fax.receive.flight import Flights
from channel_fax.receive.whose import context_of, whose
from hub_contract.errors import Permanent, Temporary
from hub_kit.accept import Accept
from hub_kit.hooks import Account, Answer, Hook
from hub_kit.tokens import Refused

PATIENCE = 45.0  # seconds; Sinch itself waits for 60
log = structlog.get_logger()


class SinchReceiver:
    """`hub_kit.hooks.Handler`: `/hooks/fax/<tenant>/<account>`, and `/status` behind it."""

    def __init__(
        self,
        accounts: Accounts,
        clients: Mapping[Account, Sinch],
        accept: Accept,
        limit: int,
        patience: float = PATIENCE,
    ) -> None:
        self._accounts, self._clients, self._accept = accounts, clients, accept
        self._limit, self._patience = limit, patience
        self.flights = Flights()

    async def __call__(self, hook: Hook) -> Answer:
        client = self._clients[hook.account]
        check_secret(hook.headers, client.account)
        name = name_of(hook)
        if not name:
            raise Permanent("no fax with an id; send `event` and `fax`")
        fax = await client.fax(name)
        if fax is None:
            raise Refused("a fax that Sinch does not know")
        if read.is_inbound(fax):
            await self.take(client, fax, patience=self._patience)
            return Answer()
        progress = read.progress_of(fax)
        if progress is None:
            log.warning("a status of no fax of ours", account=client.account.key)
            return Answer()
        return Answer([report(progress, read.keep(fax), context_of(client.account))])

    async def take(
        self,
        client: Sinch,
        fax: Mapping[str, Any],
        *,
        patience: float,
        at: datetime | None = None,
        give_up: bool = False,
    ) -> None:
        """Return once the fax is safe. `give_up`: without its file, where that is nowhere."""
        number = whose(self._accounts, client.account, text(fax, "to"))
        if number is None:
            return
        if not read.is_over(fax):
            raise Temporary("sinch: the fax is still coming in")
        name = text(fax, "id")

        async def work() -> None:
            media = await client.fetch(name, self._limit)
            if media.fault == "missing" and not give_up:
                raise Temporary("media: not there now")
            arrival = parse_fax(read.keep(fax), read.call_of(fax), media, context_of(number, at))
            await self._accept(arrival)

        await self.flights.take(f"{number.key}/{name}", work, patience)


def check_secret(headers: Mapping[str, str], number: SinchNumber) -> None:
    """Raise `Refused` where the address that was called has not our secret in it."""
    secret = number.settings.hook_secret()
    right = b64encode(f"{HOOK_USER}:{secret}".encode()).decode()
    scheme, _, said = headers.get("authorization", "").partition(" ")
    is_right = secrets.compare_digest(said.strip().encode("utf-8", "replace"), right.encode())
    if not secret or scheme.lower() != "basic" or not is_right:
        raise Refused("the secret of the hook's address")


def name_of(hook: Hook) -> str:
    """Return the id of the fax that a hook tells of, in JSON or in a form; "" for none."""
    kind, options = parse_options_header(hook.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        return read.fax_in(hook.body, is_whole=True)
    return read.fax_in(_field(hook.body, options.get(b"boundary", b"")), is_whole=False)


def _field(body: bytes, boundary: bytes) -> bytes:
    """Return the field `fax`; the file beside it is not looked at: the interface gives it."""
    found: list[bytes] = []

    def on_field(field: Any) -> None:
        if field.field_name == b"fax" and field.value:
            found.append(field.value)

    def on_file(_: object) -> None:
        """Leave it."""

    try:
        parser = FormParser("multipart/form-data", on_field, on_file, boundary=boundary)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError):
        return b""
    return found[0] if found else b""
