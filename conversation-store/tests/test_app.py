"""The service as its own process: it starts, hears, answers, and stops; or says why not."""

import asyncio
import signal

import httpx
import pytest
import yaml

from conversation_store.app import main
from hub_kit import processes
from hub_kit.keys import KeyRing
from hub_kit.testing import eventually
from hub_kit.tokens import Caller, issue


@pytest.fixture
def configuration(world, free_port):
    settings = world.ground.settings
    return {
        "database": settings.database,
        "blobs": settings.blobs,
        "keys_file": str(settings.keys_file),
        "tenants": {"musterstadt": {"name": "Stadt Musterstadt"}},
        "services": {"conversation_store": {"http": f"127.0.0.1:{free_port}"}},
    }


async def start(world, configuration):
    path = world.folder / "faden.yaml"
    path.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    return await processes.start("conversation_store", path)


async def test_it_hears_answers_and_stops(world, configuration, free_port):
    process = await start(world, configuration)
    base = f"http://127.0.0.1:{free_port}"
    caller = Caller("agent-7", "musterstadt", "agent")
    token = issue(world.ground.ring, caller, "conversation_store")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:

        async def ready() -> bool:
            assert process.returncode is None
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(ready)
        await world.ground.accept.all([world.mail(f"p{n}@example.org") for n in range(5)])

        async def heard() -> bool:
            return (await client.get("/conversations")).json()["count"] == 5

        await eventually(heard)
        [shown, *_] = (await client.get("/conversations")).json()["conversations"]
        snooze = {"until": "2199-01-01T00:00:00Z"}
        assert (await client.post(f"/conversations/{shown['id']}/snooze", json=snooze)).is_success
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(90):
        out, err = await process.communicate()
    assert process.returncode in {0, -signal.SIGTERM}
    assert err == b""
    assert b"example.org" not in out


MISTAKES = {
    "http": ({"http": "8010"}, "http", "write host:port"),
    "port": ({"http": "127.0.0.1:99999"}, "http", "write host:port"),
    "reply_days": ({"reply_days": 0}, "reply_days", "correct the value"),
    "unknown key": ({"htpp": "127.0.0.1:8010"}, "htpp", "mend the spelling"),
}


def settings_file(folder, section):
    """Write settings that are right but for what a test says; no database is asked."""
    KeyRing.create(folder / "keys.json")
    path = folder / "faden.yaml"
    hub = {
        "database": "postgresql://nobody@127.0.0.1:9/nothing",
        "blobs": str(folder / "blobs"),
        "keys_file": str(folder / "keys.json"),
        "tenants": {"musterstadt": {"name": "Stadt Musterstadt"}},
        "services": {"conversation_store": section},
    }
    path.write_text(yaml.safe_dump(hub), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_with_file_key_and_remedy(tmp_path, name):
    section, key, remedy = MISTAKES[name]
    said = processes.refusal(main, settings_file(tmp_path, section))
    [line] = said.splitlines()
    assert f"faden.yaml: services.conversation_store.{key}: " in line
    assert remedy in line


async def test_a_port_in_use_is_said_with_its_setting(tmp_path, free_port):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", free_port)
    path = settings_file(tmp_path, {"http": f"127.0.0.1:{free_port}"})
    process = await processes.start("conversation_store", path)
    async with asyncio.timeout(90):
        _, err = await process.communicate()
    server.close()
    assert process.returncode == 2
    assert "services.conversation_store.http" in err.decode()
