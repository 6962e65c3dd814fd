"""The door for providers' hooks, beside that for people: no session, no cookie, no page.

Rule 1. An account of ours, by a method that providers use, or 404 and 405.
Rule 2. Counted by account and address: 429 with the seconds to wait. So a stranger's flood costs
        the stranger, and what the provider has to say still comes through.
Rule 3. A body over the limit is refused before it is read, or where it grows over it; a body comes
        in whole before the channel is asked.
Rule 4. Path and query pass as they came, since many providers sign the address they called.
Rule 5. Who reads the answer is a program: plain technical English, RFC 9457.
"""

import asyncio
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope, Send

from gateway.cross_site import SAFE
from gateway.filter import Said, hooked
from gateway.forward import Forwarder, Malformed, Request, refuse
from gateway.gather import Incoming, TooLarge
from gateway.limit import HookLimiter, asker
from gateway.route import Hook, Origins, route_hook
from gateway.settings import GatewaySettings
from hub_contract.errors import Temporary
from hub_kit import metrics
from hub_kit.hooks import METHODS, no_account, not_allowed, too_large
from hub_kit.seats import Full
from hub_kit.shell import problem

log = structlog.get_logger()


@dataclass(frozen=True)
class HookDoor:
    settings: GatewaySettings
    origins: Origins
    limiter: HookLimiter
    forwarder: Forwarder

    def find(self, scope: Scope) -> Hook | None:
        """Return whose hook this is, or None where it is none."""
        host = Headers(scope=scope).get("host", "").lower()
        return route_hook(host, scope["raw_path"].decode("latin-1"), self.settings, self.origins)

    async def __call__(self, hook: Hook, scope: Scope, receive: Incoming, send: Send) -> None:
        request = self._request(hook, scope)
        try:
            refusal = self._refuse(hook, request, scope)
            if refusal is None:
                who = asker(_peer(scope))
                await self.forwarder.carry(request, receive, send, _never, who)
                return
        except Temporary as error:
            log.warning("hook sent back: try again", hook=hook.channel, reason=str(error)[:200])
            refusal = problem(503, "Try again later", "A part of the hub is away; twice is once.")
        except Full as full:
            refusal = _later(5) if full.mine else problem(503, "Try again later", str(full))
        except Malformed:
            refusal = problem(400, "Bad Request", "This is no request that a channel can be asked.")
        except TooLarge:
            refusal = too_large(request.limit)
        metrics.HOOKS.labels(hook.channel, refusal.status_code).inc()
        await refuse(refusal, scope, receive, send)

    def _refuse(self, hook: Hook, request: Request, scope: Scope) -> Response | None:
        if not hook.origin:
            return no_account()
        if request.method not in METHODS:
            return not_allowed()
        if request.method in SAFE and request.has_body:
            return problem(400, "Bad Request", f"{request.method} has no body.")
        who = f"{'/'.join(hook.account)}|{asker(_peer(scope))}"
        if wait := self.limiter.ask(who):
            return _later(wait)
        if request.announced > request.limit:
            raise TooLarge
        return None

    def _request(self, hook: Hook, scope: Scope) -> Request:
        said = Said("", "", "https" if self.settings.is_secure else "http", _peer(scope))
        query = scope["query_string"]
        return Request(
            scope["method"],
            hook.origin,
            scope["raw_path"] + (b"?" + query if query else b""),
            hooked(scope["headers"], said),
            "",
            self.settings.is_secure,
            self.settings.hook_limit,
        )


def _later(wait: int) -> Response:
    answer = problem(429, "Too Many Requests", "Call again after Retry-After seconds.")
    answer.headers["Retry-After"] = str(wait)
    return answer


async def _never() -> None:
    await asyncio.Event().wait()


def _peer(scope: Scope) -> str:
    return str(scope["client"][0]) if scope["client"] else ""
