"""Puts the gateway together: the door outside, probes inside, what has ended swept away."""

import asyncio
import socket
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from types import MappingProxyType

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.answer import Answers
from gateway.door import Door
from gateway.forward import Forwarder
from gateway.hooks import HookDoor
from gateway.identify import Provider
from gateway.lack import Lacks
from gateway.limit import HookLimiter, Limiter
from gateway.log_in import Login
from gateway.log_out import Logout
from gateway.route import Origins
from gateway.sessions import Sessions
from gateway.settings import ABOUT, SERVICE, GatewaySettings
from hub_kit.ground import Ground
from hub_kit.hooks import Account
from hub_kit.keys import KeyRing
from hub_kit.serve import make_server
from hub_kit.settings import HubSettings, Loaded, or_exit
from hub_kit.shell import Parts, database_check, listen_on, make_app, run
from hub_kit.trim import Trimmer
from hub_pages.face import NO_FACE, Face
from hub_pages.face.read import read_faces
from hub_pages.headers import HEADERS, SecurityHeaders, policy

_GRACE = 3  # seconds; live pages never end by themselves


def compose(
    ground: Ground, settings: GatewaySettings, faces: Mapping[str, Face] = MappingProxyType({})
) -> tuple[ASGIApp, Parts]:
    """Return what the outside sees, and the parts of the service without its listener."""
    tenants = {
        tenant: faces.get(tenant, NO_FACE).name or section.name
        for tenant, section in ground.settings.tenants.items()
    }
    idle, longest = (
        timedelta(minutes=settings.idle_minutes),
        timedelta(hours=settings.longest_hours),
    )
    sessions = Sessions(ground.pool, ground.ring, idle, longest)
    limiter, forwarder = Limiter(ground.pool, ground.ring), Forwarder(settings.shares)
    lacks = Lacks(ground.pool)
    provider = Provider(settings.oidc, settings.oidc.secret()) if settings.oidc else None
    login = Login(provider, settings, ground.ring, tuple(tenants), lacks) if provider else None
    logout = Logout(provider, settings, sessions) if provider else None
    answers = Answers(settings, tenants, sessions, login, logout, faces=faces)
    hook_limiter = HookLimiter(settings.limits.hook)
    hooks = HookDoor(settings, _origins(ground.settings, settings), hook_limiter, forwarder)
    door = Door(settings, tenants, ground.ring, sessions, limiter, forwarder, answers, hooks)
    closing = [forwarder.close, *([provider.close] if provider else []), ground.close]
    sweeps = {"session": sessions.sweep, "bucket": limiter.sweep, "hooks": hook_limiter.sweep}
    parts = Parts(
        SERVICE,
        work={"trim": Trimmer(sweeps).run},
        checks={"database": database_check(ground.pool)},
        closing=closing,
    )
    outside: ASGIApp = SecurityHeaders(door)
    return (StrictTransport(outside) if settings.is_secure else outside), parts


def _origins(hub: HubSettings, settings: GatewaySettings) -> Origins:
    return {
        Account(channel, tenant, name): origin
        for channel, origin in settings.hooks.items()
        for tenant, name, _ in hub.accounts(channel)
    }


_STRICT = "strict-transport-security", "max-age=31536000"


def headers_of(settings: GatewaySettings) -> list[tuple[str, str]]:
    """Return what is said where the listener answers by itself: the same as everywhere."""
    said = {**HEADERS, "Content-Security-Policy": policy()}
    return [*said.items(), *([_STRICT] if settings.is_secure else [])]


class StrictTransport:
    """Tells browsers to come by https only, from now on (RFC 6797)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                name, value = _STRICT
                header = (name.encode(), value.encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        await self._app(scope, receive, add)


class Listener:
    """The door's own server, beside that of the probes: what is inside is not outside."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self._app, self._settings = app, settings
        self._open: socket.socket | None = self._listen()

    def _listen(self) -> socket.socket:
        door = self._settings.door
        return listen_on(door.host, door.port, f"services.{SERVICE}.door")

    async def run(self) -> None:
        """Serve until cancelled; who is still being answered then has a few seconds."""
        door, self._open = self._open or self._listen(), None
        server = make_server(
            self._app,
            "door",
            self._settings.listener,
            headers=headers_of(self._settings),
            trusted=self._settings.trusted_proxies,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE,
        )
        # `serve` would take the signals, which belong to the server of the probes.
        serving = asyncio.create_task(server._serve([door]))  # noqa: SLF001
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving
            raise


async def open_app(loaded: Loaded, settings: GatewaySettings, faces: Mapping[str, Face]) -> FastAPI:
    ring = or_exit(lambda: KeyRing.of(loaded.hub, SERVICE))
    ground = await Ground.open(SERVICE, loaded.hub, ring)
    app, parts = or_exit(lambda: compose(ground, settings, faces))
    listener = or_exit(lambda: Listener(app, settings))
    work = {**parts.work, "door": listener.run}
    return make_app(Parts(SERVICE, work, parts.checks, parts.closing))


def main() -> None:
    loaded = or_exit(Loaded.read)
    settings = or_exit(lambda: ABOUT.read(loaded))
    faces = or_exit(lambda: read_faces(loaded))
    http, opened = settings.http, partial(open_app, loaded, settings, faces)
    run(opened, SERVICE, http.host, http.port, loaded.hub.telemetry)


if __name__ == "__main__":
    main()
