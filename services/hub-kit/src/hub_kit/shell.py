"""The app shell of every service: health, readiness, metrics, problems, background work, stop."""

import asyncio
import gc
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog
import uvloop
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from hub_contract.errors import Permanent, Temporary
from hub_contract.refusals import Refusal
from hub_kit import logs, tracing
from hub_kit.readiness import Check, database_check
from hub_kit.serve import AnswersHead, make_server
from hub_kit.settings import ConfigurationError, or_exit
from hub_kit.tokens import Refused

__all__ = ["Check", "Parts", "Work", "database_check", "keep", "make_app", "problem", "run"]
Work = Callable[[], Awaitable[None]]  # runs until it is cancelled
FIRST_PAUSE, LAST_PAUSE = 1.0, 30.0  # seconds before work that broke off starts again
GRACE = 10  # seconds that requests under way have at the end
log = structlog.get_logger()


@dataclass(frozen=True)
class Parts:
    """What a service consists of, beside its routes."""

    name: str
    work: Mapping[str, Work] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)
    closing: Sequence[Work] = ()  # run at the end, in this order


def make_app(parts: Parts) -> FastAPI:
    """Return a FastAPI app that carries out `parts` while it lives."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for close in reversed(parts.closing):
                stack.push_async_callback(close)
            tasks = [asyncio.create_task(keep(n, w), name=n) for n, w in parts.work.items()]
            stack.push_async_callback(_cancel, tasks)
            log.info("started")
            yield
            log.info("stopping")

    app = FastAPI(title=f"Faden {parts.name}", lifespan=lifespan)
    app.add_middleware(AnswersHead)
    _add_probes(app, parts)
    add_problems(app)
    return app


async def keep(name: str, work: Work) -> None:
    """Run background work for ever; what breaks it is logged and it starts again, unhurried."""
    pause = FIRST_PAUSE
    while True:
        begun = time.monotonic()
        try:
            await work()
        except asyncio.CancelledError as error:
            if _is_stopped():
                raise
            log.error("work broke off", work=name, error=logs.where(error))  # a part of it was
        except Exception as error:  # noqa: BLE001 - the outermost loop of a service
            log.error("work broke off", work=name, error=logs.where(error))
        else:
            return
        pause = FIRST_PAUSE if time.monotonic() - begun > LAST_PAUSE else pause
        await asyncio.sleep(pause)
        pause = min(pause * 2, LAST_PAUSE)


def _is_stopped() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _add_probes(app: FastAPI, parts: Parts) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"service": parts.name}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        states = await asyncio.gather(*(_state(check) for check in parts.checks.values()))
        ready = all(is_fine for is_fine, _ in states)
        body = dict(zip(parts.checks, (said for _, said in states), strict=True))
        return JSONResponse(body, status_code=200 if ready else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _state(check: Check) -> tuple[bool, str]:
    """Return whether it is fine, and what is to be said: also of a warning, which is fine yet."""
    try:
        async with asyncio.timeout(3):
            return True, await check() or "ok"
    except Temporary as error:
        return False, str(error)
    except TimeoutError:
        return False, "no answer within 3 s"
    except Exception as error:  # noqa: BLE001 - outermost: a check that breaks is a red one
        return False, logs.where(error)


def problem(
    status: int, title: str, detail: str = "", type_: str = "about:blank", **more: object
) -> JSONResponse:
    """Return an RFC 9457 problem; `detail` says what to do, and quotes no content.

    `about:blank`: it says no more than its status does.
    """
    body = {"type": type_, "title": title, "status": status, "detail": detail, **more}
    headers = {"Retry-After": "5"} if status == 503 else None
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def refuse(refusal: Refusal, detail: str = "", **more: object) -> JSONResponse:
    """Return the problem of this refusal; whoever asked chooses words by its `type`."""
    return problem(refusal.status, refusal.says, detail, refusal.type, **more)


def add_problems(app: FastAPI) -> None:
    """Answer every error as a problem, ours (503: try again) apart from theirs (4xx)."""

    @app.exception_handler(Temporary)
    async def later(_: Request, error: Temporary) -> JSONResponse:
        log.warning("answered: try again", reason=str(error)[:200])
        return refuse(Refusal.AWAY, "A part of the hub is away; nothing was changed.")

    @app.exception_handler(Permanent)
    async def never(_: Request, error: Permanent) -> JSONResponse:
        return refuse(error.code, str(error))

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        answer = refuse(Refusal.UNAUTHORIZED, f"The service token is not valid: {error}")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @app.exception_handler(HTTPException)
    async def plain(_: Request, error: HTTPException) -> JSONResponse:
        answer = problem_of(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            {"field": ".".join(str(p) for p in fault["loc"][1:]), "fault": fault["msg"]}
            for fault in error.errors()
        ]
        return refuse(Refusal.NOT_VALID, "Correct the fields and send again.", faults=faults)

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        # Starlette raises it again for the server, which logs where it arose.
        return refuse(Refusal.BROKEN, f"{type(error).__name__}; see the log of the service.")


_TITLES = {status.value: status.phrase for status in HTTPStatus}


def problem_of(status: int, detail: str = "") -> JSONResponse:
    """Return the problem that is known by its status alone."""
    refusal = Refusal.of(status)
    if refusal.status == status:
        return refuse(refusal, detail)
    return problem(status, _TITLES.get(status, "Error"), detail)


OpenApp = Callable[[], Awaitable[ASGIApp]]  # for what must be opened in the running loop


def run(app: FastAPI | OpenApp, name: str, host: str, port: int, telemetry: str = "") -> None:
    """Serve until a signal; a port in use is said in one line that names the setting."""
    logs.start(name, os.environ.get("HUB_LOG_LEVEL", "INFO"))
    tracing.start(name, telemetry)
    door = or_exit(lambda: listen_on(host, port, f"services.{name}.http"))
    with suppress(KeyboardInterrupt):
        # A request costs a fifth less on this loop, and most of what a channel does is sockets.
        uvloop.run(_serve(app, name, door))


def listen_on(host: str, port: int, setting: str, *, reuse_port: bool = False) -> socket.socket:
    """Take a port; `ConfigurationError` names the setting where it cannot be had.

    With `reuse_port`, copies of a service share it, and the kernel shares out the connections.
    """
    if not 0 <= port < 65_536:
        raise ConfigurationError(f"{setting}: {host}:{port}: no such port; name another one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512, reuse_port=reuse_port)
    except OSError as error:
        # Names that are not found have numbers below zero, and texts of their own.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror
        raise ConfigurationError(
            f"{setting}: {host}:{port}: {reason}; name another address, or stop what uses it"
        ) from None


async def _serve(app: FastAPI | OpenApp, name: str, door: socket.socket) -> None:
    composed = app if isinstance(app, FastAPI) else await app()
    # A message makes many short-lived objects; what stands by now is not looked at again.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    server = make_server(composed, name, lifespan="on", timeout_graceful_shutdown=GRACE)
    await server.serve(sockets=[door])
    if not server.started:
        sys.exit(3)
