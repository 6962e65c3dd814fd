"""The HTTP interface: what it answers, and what it refuses."""

import httpx
import pytest
from fastapi import FastAPI

from conversation_store.app import compose
from hub_kit.tokens import Caller, issue


@pytest.fixture
async def app(world) -> FastAPI:
    return compose(world.store)


@pytest.fixture
async def agent(world, app):
    token = issue(world.ground.ring, Caller("agent-7", "musterstadt", "agent"), "conversation_store")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://store", headers={"Authorization": f"Bearer {token}"}
    ) as client:
        yield client


async def test_first_light(world, agent):
    [first] = await world.take_in(world.mail(text="Hallo", subject="AW: Hund", original=b"raw", files=(b"abc",),
        attachments=({"file_name": "a.txt", "media_type": "text/plain", "size": 3},)))
    c = first["conversation_id"]
    r = await agent.get("/conversations")
    assert r.status_code == 200, r.text
    print(r.json())
    r = await agent.get(f"/conversations/{c}")
    assert r.status_code == 200, r.text
    print(r.json())
    r = await agent.get(f"/conversations/{c}/entries")
    assert r.status_code == 200, r.text
    print(r.json())
    r = await agent.post(f"/conversations/{c}/replies", json={"text": "Antwort"}, headers={"Idempotency-Key": "1"})
    assert r.status_code == 201, r.text
    r = await agent.post(f"/conversations/{c}/replies", json={"text": "Antwort"}, headers={"Idempotency-Key": "1"})
    assert r.status_code == 200, r.text
    r = await agent.post(f"/conversations/{c}/notes", json={"text": "intern"})
    assert r.status_code == 201, r.text
    r = await agent.get(f"/conversations/{c}/entries")
    print(r.json())
    for n in ("close", "reopen", "read"):
        r = await agent.post(f"/conversations/{c}/{n}")
        assert r.status_code == 204, r.text
    r = await agent.get(f"/entries/{first['id']}")
    assert r.status_code == 200, r.text
    print(r.json())
    r = await agent.get(f"/entries/{first['id']}/original")
    assert r.content == b"raw"
    r = await agent.get(f"/entries/{first['id']}/attachments/0")
    assert r.content == b"abc", r.text
    r = await agent.post("/search", json={"address": {"kind": "email", "value": "erika@EXAMPLE.org"}})
    assert len(r.json()["conversations"]) == 1
    r = await agent.get("/openapi.json")
    assert r.status_code == 200
