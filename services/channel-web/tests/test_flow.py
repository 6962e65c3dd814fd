"""The service as a process: pages, probes, a stop, a database that comes back."""

import json
import signal
import socket

import httpx
import pytest

from channel_web.settings import SERVICE
from hub_kit.find_port import free_port
from hub_kit.processes import readiness, serving, start
from hub_kit.testing import eventually
from hub_kit.tokens import Caller, issue


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def configuration(hub, port, tmp_path):
    """The one file, as an operator writes it; JSON is YAML."""
    settings = hub.ground.settings
    portal = {"channel": "web", "address": "www.musterstadt.example"}
    document = {
        "database": settings.database.replace("channel_web@", "{role}@"),
        "blobs": settings.blobs,
        "keys_file": str(settings.keys_file),
        "tenants": {"musterstadt": {"name": "Stadt Musterstadt", "accounts": {"portal": portal}}},
        "services": {"channel_web": {"http": f"127.0.0.1:{port}", "store": "http://127.0.0.1:9"}},
    }
    path = tmp_path / "faden.yaml"
    path.write_text(json.dumps(document))
    return path


def browser(hub, port, role="citizen") -> httpx.AsyncClient:
    """A browser, with what the gateway says of it."""
    token = issue(hub.ground.ring, Caller("anonymous", "musterstadt", role), "channel_web")
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)


async def test_a_form_is_taken_in_and_nothing_personal_is_logged(hub, configuration, port, read):
    async with serving(SERVICE, configuration, port) as process:
        parts = ("database", "blobs", "space", "live")
        assert await readiness(port, 200) == dict.fromkeys(parts, "ok")
        async with browser(hub, port) as client:
            page = (await client.get("/kontakt")).text
            form = {"form": read.hidden(page, "form")[0], "subject": "Zwiebelturm", "text": "Hallo"}
            assert (await client.post("/kontakt", data=form)).status_code == 303
            slip = (await client.get("/danke")).text
        process.send_signal(signal.SIGTERM)
        said = b"".join(await process.communicate())
        assert process.returncode in (0, -signal.SIGTERM)
    [event] = await hub.kept()
    assert event.content.subject == "Zwiebelturm"
    numbers = [read.number(slip, name) for name in ("vorgangsnummer", "geheimzahl")]
    for personal in ("Zwiebelturm", "Hallo", *numbers):
        assert personal.encode() not in said


async def test_a_database_that_comes_back_needs_no_restart(hub, configuration, port, read):
    name = await hub.ask("select current_database()")
    away = """select count(pg_terminate_backend(pid)) from pg_stat_activity
              where usename = 'channel_web' and datname = current_database()"""
    async with serving(SERVICE, configuration, port), browser(hub, port) as client:
        page = (await client.get("/kontakt")).text
        form = {"form": read.hidden(page, "form")[0], "subject": "Hund", "text": "Ein Dackel."}
        await hub.rows(f'alter database "{name}" connection limit 0')
        await hub.ask(away)
        await eventually(lambda: readiness(port, 503))
        answer = await client.post("/kontakt", data=form)
        assert answer.status_code == 503
        assert "noch nicht angekommen" in answer.text
        assert "Ein Dackel." in answer.text
        await hub.rows(f'alter database "{name}" connection limit -1')
        await eventually(lambda: readiness(port, 200))
        assert (await client.post("/kontakt", data=form)).status_code == 303
    assert len(await hub.kept()) == 1


async def test_operators_see_its_state_and_citizens_do_not(hub, configuration, port):
    async with serving(SERVICE, configuration, port):
        async with browser(hub, port, "operator") as client:
            said = (await client.get("/operations")).json()
        assert (said["service"], said["parked"], said["dead"]) == ("channel_web", [], [])
        async with browser(hub, port) as client:
            assert (await client.get("/operations")).status_code == 403
            assert (await client.post("/operations/replay/dead-1")).status_code == 403


async def test_a_port_in_use_is_said_with_its_setting(configuration, port):
    with socket.create_server(("127.0.0.1", port)):
        process = await start(SERVICE, configuration)
        _, said = await process.communicate()
    assert process.returncode == 2
    [line] = said.decode().splitlines()
    assert f"services.channel_web.http: 127.0.0.1:{port}: Address already in use" in line
