"""The door itself: every request from outside passes here, in this order, and only so.

Rule 1. Where to: a host and a path of ours, or 404.
Rule 2. From where: what changes something comes from our own pages, or 403.
Rule 3. Who: a session for the desk, nobody in particular for the citizen's pages.
Rule 4. How often: 429 with the seconds to wait.
Rule 5. May they: the table of rights, or 403.
Rule 6. How much: a body over the limit is refused before it is read, or where it grows over it; one
        where none belongs is refused at once. Nobody has more than their share of what all need.
Rule 7. Inwards goes our token, and nothing that looks like one.
Rule 8. Whatever happens is answered, with a page of ours: a fault of ours is a line in the log.
Providers' hooks have a door of their own, with rules of their own: `gateway.hooks`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.requests import Request as Asked
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.answer import Answers, Known
from gateway.cross_site import SAFE, is_ours
from gateway.filter import Said, announced, has_body, inward
from gateway.forward import BrokenOff, Forwarder, Malformed, Request, refuse
from gateway.gather import Incoming, TooLarge
from gateway.hooks import HookDoor
from gateway.limit import Limiter, asker
from gateway.route import Destination, Forward, Move, Own, route
from gateway.sessions import Sessions
from gateway.settings import GatewaySettings
from hub_contract.errors import Temporary
from hub_kit import logs
from hub_kit.keys import KeyRing
from hub_kit.rights import may
from hub_kit.seats import Full
from hub_kit.shell import problem_of
from hub_kit.tokens import Caller, issue

METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
log = structlog.get_logger()


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A rule says no; `wait` is in seconds."""

    def __init__(self, status: int, wait: int = 0) -> None:
        self.status, self.wait = status, wait


@dataclass(frozen=True)
class Door:
    settings: GatewaySettings
    tenants: Mapping[str, str]  # id -> name
    ring: KeyRing
    sessions: Sessions
    limiter: Limiter
    forwarder: Forwarder
    answers: Answers
    hooks: HookDoor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # no WebSockets here; the server refuses what nobody accepts
        answering = _Answering(send)
        try:
            incoming = Incoming(receive, has_body=has_body(scope["headers"]))
            await self._pass(scope, incoming, answering)
        except ClientDisconnect:
            return  # nobody is there to be told
        except BrokenOff:
            raise
        except Exception as error:  # noqa: BLE001 - outermost: whatever it is, it is answered
            log.error("a fault of ours", error=logs.where(error))
            if answering.begun:
                raise BrokenOff from None
            await problem_of(500)(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Incoming, send: Send) -> None:
        if hook := self.hooks.find(scope):
            await self.hooks(hook, scope, receive, send)
            return
        destination = self._destination(scope)
        asked = Asked(_as_seen(scope, destination), receive)
        try:
            answer = await self._decide(asked, destination)
            await answer(asked.scope, receive, send)
        except _REFUSED as error:
            await refuse(self._answer_to(asked, error), asked.scope, receive, send)

    def _destination(self, scope: Scope) -> Destination:
        host = Headers(scope=scope).get("host", "").lower()
        return route(host, scope["raw_path"].decode("latin-1"), self.settings, self.tenants)

    async def _decide(self, asked: Asked, destination: Destination) -> ASGIApp:
        """Return what answers, after every rule; `Refusal` where one says no."""
        if destination is None:
            raise Refusal(404)
        if asked.method not in METHODS:
            raise Refusal(405)
        if asked.method in SAFE and has_body(asked.headers.raw):
            raise Refusal(400)
        if isinstance(destination, Move):
            return _moved(asked, destination)
        if destination is Own.STATIC:
            return self._static
        self._check_site(asked, destination)
        known = await self._known(asked, destination)
        await self._check_rate(asked, destination, known)
        if isinstance(destination, Forward):
            return await self._forward(asked, destination, known)
        return await self._own(asked, destination, known)

    def _answer_to(self, asked: Asked, error: Exception) -> Response:
        if isinstance(error, Temporary):
            log.warning("answered: try again", reason=str(error)[:200])
        refusal = _refusal_of(error)
        answer = self.answers.refuse(asked, refusal.status)
        if refusal.wait:
            answer.headers["Retry-After"] = str(refusal.wait)
        return answer

    def _check_site(self, asked: Asked, destination: Own | Forward) -> None:
        # The provider is no browser; its signature says who it is.
        if destination is Own.BACK_CHANNEL:
            return
        origin = self.settings.origin_of(asked.headers.get("host", "").lower())
        if not is_ours(asked.method, asked.headers, origin):
            name = destination.audience if isinstance(destination, Forward) else destination.value
            log.warning("refused: from another site", destination=name)
            raise Refusal(403)

    async def _known(self, asked: Asked, destination: Own | Forward) -> Known:
        cookie = asked.cookies.get(self.answers.cookie, "")
        if not cookie or (isinstance(destination, Forward) and not destination.for_staff):
            return Known()
        live = "text/event-stream" in asked.headers.get("accept", "")
        session = await self.sessions.find(cookie, touch=not live)
        return Known(cookie, session)

    async def _check_rate(self, asked: Asked, destination: Own | Forward, known: Known) -> None:
        """Whoever is logged in counts alone, whatever their address."""
        limits = self.settings.limits
        rule, rate = ("read", limits.read) if asked.method in SAFE else ("write", limits.write)
        if destination in {Own.LOGIN, Own.LOGOUT}:
            rule, rate = "login", limits.login
        # A whole office may end at once, and no provider asks twice.
        if destination is Own.BACK_CHANNEL:
            rule, rate = "back-channel", limits.read
        if wait := await self.limiter.ask(rule, rate, _who(asked, known)):
            raise Refusal(429, wait)

    async def _static(self, scope: Scope, receive: Receive, send: Send) -> None:
        inside = {**scope, "path": scope["path"].removeprefix("/static")}
        await self.answers.assets(inside, receive, send)

    async def _own(self, asked: Asked, destination: Own, known: Known) -> Response:
        if destination is Own.LOGIN:
            return await self.answers.login(asked, known)
        if destination is Own.LOGOUT:
            return await self.answers.logout(asked, known)
        if destination is Own.BACK_CHANNEL:
            return await self.answers.hear(asked)
        if destination is Own.SECURITY_TXT:
            return self.answers.security_txt(asked)
        return await self.answers.home(asked, known)

    async def _forward(self, asked: Asked, destination: Forward, known: Known) -> ASGIApp:
        if destination.for_staff and not _is_in(known, destination):
            return self.answers.log_in_first(asked, _whole(asked.scope))
        caller = Caller("anonymous", destination.tenant, "citizen")
        if destination.for_staff and known.session:
            if (acting := known.session.acting) is None:
                return RedirectResponse("/login/as", 303)
            caller = Caller(known.session.who, acting.tenant, acting.role)
        action = "read" if asked.method in SAFE else "write"
        if destination.thing and not may(caller.role, action, destination.thing):
            raise Refusal(403)
        if announced(asked.headers.raw) > self.settings.body_limit:
            raise TooLarge
        return partial(self._carry, destination, known, caller)

    async def _carry(  # noqa: PLR0917 - the first three make it an ASGI app
        self,
        destination: Forward,
        known: Known,
        caller: Caller,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        said = Said(
            token=issue(self.ring, caller, destination.audience) if destination.audience else "",
            prefix=destination.prefix,
            scheme="https" if self.settings.is_secure else "http",
            peer=_peer(Asked(scope)),
            name=known.session.name if known.session else "",
        )
        query = scope["query_string"]
        request = Request(
            scope["method"],
            destination.origin,
            destination.path.encode("latin-1") + (b"?" + query if query else b""),
            inward(scope["outside"]["headers"], said),
            destination.prefix,
            self.settings.is_secure,
            self.settings.body_limit,
        )
        who = _who(Asked(scope), known)
        await self.forwarder.carry(request, receive, send, partial(self._over, known), who)

    async def _over(self, known: Known) -> None:
        """Return once a live page has nobody behind it; a citizen's ends with its service."""
        if known.session:
            await self.sessions.over(known.cookie, known.session)
        else:
            await asyncio.Event().wait()


class _Answering:
    """Knows whether anything of the answer is out already."""

    def __init__(self, send: Send) -> None:
        self._send, self.begun = send, False

    async def __call__(self, message: Message) -> None:
        self.begun = True
        await self._send(message)


_REFUSED = (Refusal, Temporary, TooLarge, Malformed, Full)


def _refusal_of(error: Exception) -> Refusal:
    match error:
        case Refusal():
            return error
        case TooLarge():
            return Refusal(413)
        case Malformed():
            return Refusal(400)
        case Full(mine=True):
            return Refusal(429, 5)
    return Refusal(503, 5)


def _as_seen(scope: Scope, destination: Destination) -> dict[str, Any]:
    """Return the request as our own pages see it: below its prefix, which only we say."""
    prefix = destination.prefix if isinstance(destination, Forward) else ""
    headers = [(n, v) for n, v in scope["headers"] if not n.startswith(b"x-forwarded-")]
    if prefix:
        headers.append((b"x-forwarded-prefix", prefix.encode()))
    path = scope["path"].removeprefix(prefix)
    return {**scope, "path": path, "headers": headers, "outside": scope}


def _moved(asked: Asked, destination: Move) -> Response:
    if asked.method not in SAFE:
        raise Refusal(404)
    query = f"?{asked.url.query}" if asked.url.query else ""
    return RedirectResponse(destination.to + query, 307)


def _is_in(known: Known, destination: Forward) -> bool:
    """Say whether this is a session, and one for the authority that the host names."""
    if known.session is None:
        return False
    acting = known.session.acting
    return acting is None or destination.tenant in {"", acting.tenant}


def _who(asked: Asked, known: Known) -> str:
    """Return who counts as one asker: a session that is logged in, else an address."""
    return known.cookie if known.session else asker(_peer(asked))


def _peer(asked: Asked) -> str:
    return asked.client.host if asked.client else ""


def _whole(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    path = str(scope["outside"]["raw_path"].decode("latin-1"))
    return f"{path}?{query}" if query else path
