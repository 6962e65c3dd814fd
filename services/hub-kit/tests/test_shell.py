"""Every service is healthy, ready or red with a reason, answers in problems, and stops cleanly."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from hub_contract.errors import Permanent, Temporary
from hub_contract.refusals import Refusal
from hub_kit import shell
from hub_kit.find_port import free_port
from hub_kit.settings import ConfigurationError
from hub_kit.shell import Parts, database_check, keep, make_app, problem
from hub_kit.testing import eventually
from hub_kit.tokens import Refused

CANARY = "geheim-4711"


@asynccontextmanager
async def served(app: FastAPI, *, raising: bool = False):
    """A client of the app while it lives, without a socket."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=raising)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        yield client


async def test_head_is_answered_where_get_is():
    """A live page too, though it has no end; what is not there is not there for HEAD either."""
    app = make_app(Parts("probe"))
    ended = asyncio.Event()

    @app.get("/page")
    async def page() -> dict[str, str]:
        return {"a": "b"}

    @app.get("/live")
    async def live() -> StreamingResponse:
        async def lines():
            try:
                while True:
                    yield "data: a\n\n"
                    await asyncio.sleep(0)
            finally:
                ended.set()

        return StreamingResponse(lines(), media_type="text/event-stream")

    said = []

    async def hear(message):
        said.append(message)

    async def gone():
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async with served(app) as client:
        head, got = await client.head("/page"), await client.get("/page")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers == got.headers
        assert (await client.head("/nowhere")).status_code == 404
        scope = {
            "type": "http",
            "method": "HEAD",
            "path": "/live",
            "headers": [],
            "query_string": b"",
        }
        await app(scope | {"asgi": {"spec_version": "2.3"}}, gone, hear)
    assert [message["type"] for message in said] == ["http.response.start", "http.response.body"]
    assert said[1] == {"type": "http.response.body", "body": b"", "more_body": False}
    async with asyncio.timeout(300):
        await ended.wait()


async def test_health_says_who_is_there():
    async with served(make_app(Parts("probe"))) as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"service": "probe"})


async def test_readiness_is_red_with_the_reason_and_green_again():
    faults: list[Exception] = []

    async def check() -> None:
        if faults:
            raise faults[0]

    async def fine() -> None: ...

    async with served(make_app(Parts("probe", checks={"relay": check, "other": fine}))) as client:
        for fault, said in (
            (None, "ok"),
            (Temporary("relay: connection refused"), "relay: connection refused"),
            (ValueError(CANARY), "ValueError at test_shell.py"),
            (None, "ok"),
        ):
            faults[:] = [fault] if fault else []
            answer = await client.get("/readyz")
            assert answer.status_code == (200 if fault is None else 503)
            assert answer.json()["relay"].startswith(said)
            assert answer.json()["other"] == "ok"
            assert CANARY not in answer.text


async def test_a_check_that_hangs_is_red(monkeypatch):
    async def hangs() -> None:
        await asyncio.Event().wait()

    async with served(make_app(Parts("probe", checks={"peer": hangs}))) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"peer": "no answer within 3 s"})


async def test_readiness_follows_a_real_database(channel, owner):
    app = make_app(Parts("probe", checks={"database": database_check(channel.pool)}))
    async with served(app) as client:

        async def green() -> bool:
            return (await client.get("/readyz")).status_code == 200

        await eventually(green)
        await owner.execute("alter role probe_channel nologin")
        sql = "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1"
        await owner.execute(sql, "probe_channel")

        async def red() -> bool:
            answer = await client.get("/readyz")
            return answer.status_code == 503 and answer.json()["database"].startswith("database: ")

        await eventually(red)
        await owner.execute("alter role probe_channel login")
        await eventually(green)


async def test_metrics_are_what_prometheus_reads():
    async with served(make_app(Parts("probe"))) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE hub_accepted_total counter" in answer.text
    assert "hub_handle_seconds" in answer.text


class Body(BaseModel):
    name: str
    size: int


def app_with_problems() -> FastAPI:
    app = make_app(Parts("probe"))
    faults = {
        "temporary": Temporary(f"database: {CANARY}"),
        "permanent": Permanent("a reference has twelve digits"),
        "coded": Permanent("until: lies in the past", code=Refusal.UNTIL_PAST),
        "refused": Refused("ExpiredSignatureError"),
        "http": HTTPException(409, "somebody was faster"),
        "headers": HTTPException(429, "slowly", {"Retry-After": "9"}),
        "strange": HTTPException(499, "gone"),
        "bug": ValueError(CANARY),
    }

    @app.get("/fault/{name}")
    async def fault(name: str) -> None:
        raise faults[name]

    @app.post("/body")
    async def take(body: Body) -> Body:
        return body

    return app


PROBLEMS = [
    ("GET", "/fault/temporary", None, 503, "away", "Try again later", "nothing was changed", ("retry-after", "5")),
    ("GET", "/fault/permanent", None, 422, "not_possible", "Cannot be done", "a reference has twelve digits", None),
    ("GET", "/fault/coded", None, 422, "until_past", "The moment lies in the past", "until: ", None),
    ("GET", "/fault/refused", None, 401, "unauthorized", "Unauthorized", "Expired", ("www-authenticate", "Bearer")),
    ("GET", "/fault/http", None, 409, "", "Conflict", "somebody was faster", None),
    ("GET", "/fault/headers", None, 429, "", "Too Many Requests", "slowly", ("retry-after", "9")),
    ("GET", "/fault/strange", None, 499, "", "Error", "gone", None),
    ("GET", "/fault/bug", None, 500, "broken", "Internal error", "ValueError", None),
    ("GET", "/nowhere", None, 404, "not_found", "Not Found", "", None),
    ("DELETE", "/body", None, 405, "", "Method Not Allowed", "", ("allow", "POST")),
    ("POST", "/body", {"name": "x"}, 422, "not_valid", "Not valid", "Correct the fields", None),
    ("POST", "/body", {"name": "x", "size": CANARY}, 422, "not_valid", "Not valid", "Correct the fields", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "title", "detail", "header"), PROBLEMS
)
async def test_every_error_is_a_problem(  # noqa: PLR0917 - a row of the table
    method, path, body, status, code, title, detail, header
):
    """RFC 9457; and none of them quotes what was sent, or what broke."""
    async with served(app_with_problems()) as client:
        answer = await client.request(method, path, json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["status"]) == (status, status)
    wanted = f"urn:faden:problem:{code}" if code else "about:blank"
    assert (document["type"], document["title"]) == (wanted, title)
    assert detail in document["detail"]
    assert CANARY not in answer.text
    if header:
        assert answer.headers[header[0]] == header[1]


async def test_a_problem_names_the_fields():
    async with served(app_with_problems()) as client:
        answer = await client.post("/body", json={"size": "many"})
    fields = {fault["field"] for fault in answer.json()["faults"]}
    assert fields == {"name", "size"}
    assert problem(503, "x").headers["Retry-After"] == "5"
    assert "Retry-After" not in problem(500, "x").headers


async def test_work_that_breaks_off_starts_again(monkeypatch):
    monkeypatch.setattr(shell, "FIRST_PAUSE", 0.01)
    begun = []
    forever = asyncio.Event()

    async def work() -> None:
        begun.append(len(begun))
        match len(begun):
            case 1:
                raise ValueError(CANARY)
            case 2:  # something it waited for was cancelled: that is not its own end
                future = asyncio.get_running_loop().create_future()
                future.cancel()
                await future
            case 3:
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail())
            case _:
                await forever.wait()

    async def fail() -> None:
        raise OSError(CANARY)

    task = asyncio.create_task(keep("probe", work))

    async def four_times() -> bool:
        return len(begun) == 4

    await eventually(four_times)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_ends_is_over():
    async def work() -> None: ...

    async with asyncio.timeout(300):
        await keep("probe", work)


async def test_a_stop_cancels_the_work_and_closes_in_order():
    happened = []

    async def work() -> None:
        try:
            happened.append("begun")
            await asyncio.Event().wait()
        finally:
            happened.append("stopped")

    async def first() -> None:
        happened.append("first")

    async def second() -> None:
        happened.append("second")

    async def begun() -> bool:
        return happened == ["begun"]

    async with served(make_app(Parts("probe", work={"w": work}, closing=(first, second)))):
        await eventually(begun)
    assert happened == ["begun", "stopped", "first", "second"]


SERVICE = """
import asyncio, os, sys
from hub_kit.shell import Parts, make_app, run
book = os.environ["BOOK"]

def note(what):
    with open(book, "a") as file:
        file.write(what + "\\n")

async def work():
    try:
        note("begun")
        await asyncio.Event().wait()
    finally:
        note("stopped")

async def close():
    note("closed")

app = make_app(Parts("probe", work={"work": work}, closing=(close,)))

@app.get("/slow")
async def slow():
    note("asked")
    await asyncio.sleep(0.5)
    return "done"

@app.get("/bug")
async def bug():
    raise ValueError("geheim-4711 erika@example.org")

run(app, "probe", sys.argv[1], int(sys.argv[2]))
"""


# As a shell starts what runs in its background.
CTRL_C_IGNORED = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]


@asynccontextmanager
async def process(tmp_path: Path, host: str, port: int):
    environment = os.environ | {"BOOK": str(tmp_path / "book")}
    running = await asyncio.create_subprocess_exec(
        *CTRL_C_IGNORED, sys.executable, "-c", SERVICE, host, str(port),
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def get(url: str) -> tuple[int, str]:
    def fetch() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(url) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return await asyncio.to_thread(fetch)


async def up(url: str) -> None:
    async def answers() -> bool:
        try:
            return (await get(url))[0] == 200
        except OSError:
            return False

    await eventually(answers)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_that_is_stopped_ends_what_it_began(tmp_path, number):
    port = free_port()
    async with process(tmp_path, "127.0.0.1", port) as running:
        await up(f"http://127.0.0.1:{port}/healthz")
        asking = asyncio.create_task(get(f"http://127.0.0.1:{port}/slow"))

        async def asked() -> bool:
            return "asked" in (tmp_path / "book").read_text()

        await eventually(asked)
        running.send_signal(number)
        assert (await asking)[0] == 200, "what was asked is answered"
        out, err = await running.communicate()
        assert running.returncode in {0, -number}
    assert (tmp_path / "book").read_text().split() == ["begun", "asked", "stopped", "closed"]
    lines = [json.loads(line) for line in out.decode().splitlines()]
    assert [line["event"] for line in lines] == ["started", "stopping"]
    assert {line["service"] for line in lines} == {"probe"}
    assert err == b""


async def test_what_breaks_in_a_request_is_logged_by_its_place_only(tmp_path):
    port = free_port()
    async with process(tmp_path, "127.0.0.1", port) as running:
        await up(f"http://127.0.0.1:{port}/healthz")
        status, body = await get(f"http://127.0.0.1:{port}/bug")
        running.send_signal(signal.SIGTERM)
        out, err = await running.communicate()
    assert status == 500
    assert json.loads(body)["title"] == "Internal error"
    text = out.decode() + err.decode() + body
    assert "geheim" not in text
    assert "erika" not in text
    errors = [json.loads(line) for line in out.decode().splitlines() if '"error"' in line]
    assert [line["error"].split(" at ")[0] for line in errors] == ["ValueError"]


async def test_a_port_in_use_is_said_in_one_line_before_any_work_begins(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with process(tmp_path, "127.0.0.1", port) as running:
            out, err = await running.communicate()
    assert running.returncode == 2
    assert err.decode() == (
        f"faden: services.probe.http: 127.0.0.1:{port}: Address already in use;"
        " name another address, or stop what uses it\n"
    )
    assert out == b""
    assert not (tmp_path / "book").exists()


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [("192.0.2.1", 80, "Cannot assign"), ("no.such.host.invalid", 80, ""), ("127.0.0.1", 70000, "no such port")],
)  # fmt: skip
def test_an_address_that_cannot_be_had_names_its_setting(host, port, reason):
    with pytest.raises(ConfigurationError) as caught:
        shell.listen_on(host, port, "services.probe.http")
    assert str(caught.value).startswith(f"services.probe.http: {host}:{port}: {reason}")
    assert "None" not in str(caught.value)
