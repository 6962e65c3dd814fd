"""The HTTP interface: who may ask, what is answered, and every error as a problem (RFC 9457)."""

import subprocess
import sys
from pathlib import Path

import pytest

import conversation_store
from conversation_store.openapi import document
from hub_kit.tokens import Caller, issue

HERE = Path(conversation_store.__file__).parents[2]
NOWHERE = "/conversations/00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def first(world):
    [entry] = await world.take_in(
        world.mail(
            text="Sehr geehrte Damen und Herren, " * 1000,
            subject="Hund",
            original=b"From: erika\r\n\r\nx",
            files=(b"<script>alert(1)</script>", b"b"),
            attachments=(
                {"file_name": 'Bö"se\r\n.html', "media_type": "text/html", "size": 25},
                {"file_name": "b", "media_type": "x; charset=\r\nSet-Cookie: a", "size": 1},
            ),
            evidence=({"kind": "dmarc", "result": "pass", "by": "mx", "assurance": "low"},),
            problems=("Anhang 2 ist leer",),
        )
    )
    return entry


def test_the_document_is_up_to_date():
    written = (HERE / "openapi.json").read_text(encoding="utf-8")
    assert written == document(), "python -m conversation_store.openapi > openapi.json"


def test_the_document_is_printed():
    command = [sys.executable, "-m", "conversation_store.openapi"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert printed.stdout == document()


# method, path, body, headers | status, what the problem says
PROBLEMS = {
    "no token": ("GET", "/conversations", None, {"Authorization": ""}, 401, "token"),
    "not a token": ("GET", "/conversations", None, {"Authorization": "Bearer x"}, 401, "token"),
    "not a bearer": ("GET", "/conversations", None, {"Authorization": "Basic eA=="}, 401, "token"),
    "no such path": ("GET", "/nowhere", None, {}, 404, "Not Found"),
    "no such method": ("DELETE", "/conversations", None, {}, 405, "Method"),
    "no such conversation": ("GET", NOWHERE, None, {}, 404, "Not found"),
    "no such entry": ("GET", "/entries/00000000-0000-0000-0000-000000000000", None, {}, 404, ""),
    "not an id": ("GET", "/conversations/x", None, {}, 422, "conversation_id"),
    "not a state": ("GET", "/conversations?state=lost", None, {}, 422, "state"),
    "not a cursor": ("GET", "/conversations?after=x", None, {}, 422, "after: "),
    "not a cursor either": ("GET", "/conversations?after=eHx4", None, {}, 422, "after: "),
    "limit": ("GET", "/conversations?limit=101", None, {}, 422, "limit"),
    "no body": ("POST", "/search", None, {}, 422, ""),
    "nothing asked": ("POST", "/search", {}, {}, 422, "either"),
    "both asked": (
        "POST",
        "/search",
        {"reference": "1", "address": {"kind": "email", "value": "a@b"}},
        {},
        422,
        "either",
    ),
    "not a reference": ("POST", "/search", {"reference": "123"}, {}, 422, "reference: "),
    "unknown key": ("POST", "/search", {"name": "Erika"}, {}, 422, "name"),
    "no such kind": (
        "POST",
        "/search",
        {"address": {"kind": "pigeon", "value": "x"}},
        {},
        422,
        "kind",
    ),
    "not JSON": ("POST", "/search", b"{", {"Content-Type": "application/json"}, 422, ""),
    "past": (
        "POST",
        f"{NOWHERE}/snooze",
        {"until": "2001-01-01T00:00:00Z"},
        {},
        422,
        "until: ",
    ),
    "no zone": ("POST", f"{NOWHERE}/snooze", {"until": "2199-01-01T00:00:00"}, {}, 422, "until"),
    "no file": (
        "POST",
        f"{NOWHERE}/replies",
        {"text": "x", "attachments": [{"file_name": "a", "media_type": "a/b", "data": "?"}]},
        {},
        422,
        "data",
    ),
}


async def test_errors_are_problems(desk, subtests):
    for name, (method, path, body, headers, status, says) in PROBLEMS.items():
        with subtests.test(name):
            sent = {"content": body} if isinstance(body, bytes) else {"json": body}
            answer = await desk.request(method, path, headers=headers, **sent)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert problem["status"] == status
            assert problem["title"]
            assert says in answer.text
            assert "Erika" not in answer.text


STAFF = {"agent": 200, "supervisor": 200, "service": 200, "citizen": 403, "operator": 403}
CITIZENS = {role: 200 if role == "citizen" else 403 for role in STAFF}


@pytest.mark.parametrize(
    ("path", "roles"),
    [("/conversations", STAFF), ("/queue", STAFF), ("/mine", CITIZENS)],
)
@pytest.mark.parametrize("role", STAFF)
async def test_the_timeline_is_for_staff_and_mine_for_citizens(desk, path, roles, role):
    async with desk.as_(role=role) as other:
        assert (await other.get(path)).status_code == roles[role]


@pytest.mark.parametrize("audience", ["workspace", "channel_email"])
async def test_a_token_for_another_service_is_refused(world, desk, audience):
    token = issue(world.ground.ring, Caller("agent-7", "musterstadt", "agent"), audience)
    answer = await desk.get("/conversations", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_an_expired_token_is_refused(world, desk):
    caller = Caller("agent-7", "musterstadt", "agent")
    token = issue(world.ground.ring, caller, "conversation_store", lifetime=-1)
    answer = await desk.get("/conversations", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_while_the_database_is_away_the_answer_is_try_again(world, desk):
    world.ground.pool.terminate()
    answer = await desk.get("/conversations")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    ready = await desk.get("/readyz")
    assert ready.status_code == 503


async def test_an_entry_whole(desk, first):
    entry = (await desk.get(f"/entries/{first['id']}")).json()
    assert entry["text"] == "Sehr geehrte Damen und Herren, " * 1000
    assert entry["person"]["value"] == "erika@example.org"
    assert entry["has_original"] is True
    assert [f["file_name"] for f in entry["attachments"]] == ['Bö"se\r\n.html', "b"]
    assert entry["evidence"][0]["kind"] == "dmarc"
    assert entry["problems"] == ["Anhang 2 ist leer"]
    assert (entry["rule"], entry["reason"]["code"]) == (5, "new")


async def test_strangers_bytes_are_downloaded_and_never_run(desk, first):
    original = await desk.get(f"/entries/{first['id']}/original")
    assert original.content == b"From: erika\r\n\r\nx"
    assert original.headers["content-type"] == "message/rfc822"
    answer = await desk.get(f"/entries/{first['id']}/attachments/0")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    disposition = answer.headers["content-disposition"]
    assert disposition == "attachment; filename*=UTF-8''B%C3%B6%22se%0D%0A.html"
    odd = await desk.get(f"/entries/{first['id']}/attachments/1")
    assert odd.headers["content-type"] == "application/octet-stream"
    assert "set-cookie" not in odd.headers


async def test_an_attachment_that_is_not_there(desk, first):
    for number in (2, 10_000):
        answer = await desk.get(f"/entries/{first['id']}/attachments/{number}")
        assert answer.status_code == 404


async def test_erasing_is_for_ever_and_everywhere(world, desk, first):
    conversation_id = first["conversation_id"]
    path = f"/entries/{first['id']}/erase"
    assert (await desk.post(path)).status_code == 403, "what is for ever takes a supervisor"
    async with desk.as_(role="supervisor") as supervisor:
        assert (await supervisor.post(path)).json() == {"keys": 1}
        assert (await supervisor.post(path)).json() == {"keys": 0}
    entry = (await desk.get(f"/entries/{first['id']}")).json()
    assert (entry["erased"], entry["text"], entry["attachments"]) == (True, "", [])
    for path in ("original", "attachments/0"):
        answer = await desk.get(f"/entries/{first['id']}/{path}")
        assert answer.status_code == 422
        assert "erased" in answer.text
    [shown] = (await desk.get("/conversations")).json()["conversations"]
    assert (shown["id"], shown["erased"], shown["subject"]) == (str(conversation_id), True, "")


async def test_an_answer_over_http_is_one_however_often_it_is_sent(world, desk, first):
    path = f"/conversations/{first['conversation_id']}/replies"
    body = {
        "text": "Ja.",
        "attachments": [{"file_name": "a.txt", "media_type": "text/plain", "data": "YWJj"}],
    }
    made = [await desk.post(path, json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [m.status_code for m in made] == [201, 200]
    assert [m.json()["new"] for m in made] == [True, False]
    entry_id = made[0].json()["entry_id"]
    assert made[1].json()["entry_id"] == entry_id
    file = await desk.get(f"/entries/{entry_id}/attachments/0")
    assert file.content == b"abc"
    whole = (await desk.get(f"/entries/{entry_id}")).json()
    assert (whole["text"], whole["subject"]) == ("Ja.", "Re: Hund")
    assert whole["delivery"]["status"] == "requested"


async def test_a_note_stays_inside(world, desk, first):
    path = f"/conversations/{first['conversation_id']}/notes"
    made = [
        await desk.post(path, json={"text": "intern"}, headers={"Idempotency-Key": "n"})
        for _ in range(2)
    ]
    assert [m.status_code for m in made] == [201, 200]
    note = (await desk.get(f"/entries/{made[0].json()['entry_id']}")).json()
    assert (note["kind"], note["direction"], note["text"]) == ("note", "none", "intern")
    assert note["author"] == "agent-7"
    topics = await world.owner.fetch("select topic from hub.event_log")
    assert not [t for t in topics if "requested" in t["topic"]]
    assert (await desk.post(path, json={"text": " "})).status_code == 422


async def test_reports_are_shown_with_the_entry(world, desk, first):
    made = await desk.post(
        f"/conversations/{first['conversation_id']}/replies", json={"text": "Ja."}
    )
    entry_id = made.json()["entry_id"]
    for status in ("accepted", "failed"):
        await world.ground.accept(world.report(entry_id, status, code="5.1.1", pages=2))
        await world.append()
    entry = (await desk.get(f"/entries/{entry_id}")).json()
    assert entry["delivery"]["status"] == "failed"
    assert [(d["status"], d["code"], d["facts"]) for d in entry["deliveries"]] == [
        ("accepted", "5.1.1", {"pages": 2}),
        ("failed", "5.1.1", {"pages": 2}),
    ]
    async with desk.as_(role="service") as service:
        assert (await service.post(f"/entries/{entry_id}/erase")).json() == {"keys": 3}


async def test_no_path_of_the_document_holds_an_address():
    import json

    names = {
        parameter["name"]
        for methods in json.loads(document())["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if parameter["in"] in {"path", "query"}
    }
    assert names == {
        *("conversation_id", "entry_id", "contact_point_id", "link_id", "proposal_id"),
        *("rearrangement_id", "number", "state", "assignee", "unassigned", "after", "limit"),
        *("order", "before", "view"),
    }


async def test_the_probes(desk):
    assert (await desk.get("/healthz")).json() == {"service": "conversation_store"}
    ready = await desk.get("/readyz")
    assert ready.json() == {"database": "ok", "listen": "is not reading yet"}
    assert ready.status_code == 503
    assert "hub_" in (await desk.get("/metrics")).text
