"""The HTTP interface: who may ask, what is answered, and every error as a problem (RFC 9457)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import conversation_store
from conversation_store.openapi import document
from hub_contract.refusals import Refusal
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
            problems=({"code": "charset_wrong", "about": "x-foo"}, "Anhang 2 ist leer"),
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


# method, path, body, headers | code, what the problem says
PROBLEMS = {
    "no token": ("GET", "/conversations", None, {"Authorization": ""}, "unauthorized", "token"),
    "not a token": ("GET", "/conversations", None, {"Authorization": "Bearer x"}, "unauthorized", "token"),
    "not a bearer": ("GET", "/conversations", None, {"Authorization": "Basic eA=="}, "unauthorized", "token"),
    "no such path": ("GET", "/nowhere", None, {}, "not_found", "Not Found"),
    "no such conversation": ("GET", NOWHERE, None, {}, "not_found", "Not found"),
    "no such entry": ("GET", "/entries/00000000-0000-0000-0000-000000000000", None, {}, "not_found", ""),
    "not an id": ("GET", "/conversations/x", None, {}, "not_valid", "conversation_id"),
    "not a state": ("GET", "/conversations?state=lost", None, {}, "not_valid", "state"),
    "not a cursor": ("GET", "/conversations?after=x", None, {}, "cursor_unknown", "after: "),
    "not a cursor either": ("GET", "/conversations?after=eHx4", None, {}, "cursor_unknown", "after: "),
    "limit": ("GET", "/conversations?limit=101", None, {}, "not_valid", "limit"),
    "no body": ("POST", "/search", None, {}, "not_valid", ""),
    "nothing asked": ("POST", "/search", {}, {}, "search_unclear", "either"),
    "both asked": (
        "POST",
        "/search",
        {"reference": "1", "address": {"kind": "email", "value": "a@b"}},
        {},
        "search_unclear",
        "either",
    ),
    "not a reference": ("POST", "/search", {"reference": "123"}, {}, "reference_not_valid", "reference: "),
    "unknown key": ("POST", "/search", {"name": "Erika"}, {}, "not_valid", "name"),
    "no such kind": (
        "POST",
        "/search",
        {"address": {"kind": "pigeon", "value": "x"}},
        {},
        "not_valid",
        "kind",
    ),
    "not JSON": ("POST", "/search", b"{", {"Content-Type": "application/json"}, "not_valid", ""),
    "past": (
        "POST",
        f"{NOWHERE}/snooze",
        {"until": "2001-01-01T00:00:00Z"},
        {},
        "until_past",
        "until: ",
    ),
    "no zone": ("POST", f"{NOWHERE}/snooze", {"until": "2199-01-01T00:00:00"}, {}, "not_valid", "until"),
    "no file": (
        "POST",
        f"{NOWHERE}/replies",
        {"text": "x", "attachments": [{"file_name": "a", "media_type": "a/b", "data": "?"}]},
        {},
        "not_valid",
        "data",
    ),
}  # fmt: skip


async def test_errors_are_problems(desk, subtests):
    for name, (method, path, body, headers, code, says) in PROBLEMS.items():
        with subtests.test(name):
            sent = {"content": body} if isinstance(body, bytes) else {"json": body}
            answer = await desk.request(method, path, headers=headers, **sent)
            refusal = Refusal(code)
            assert answer.status_code == refusal.status
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert (problem["status"], problem["title"]) == (refusal.status, refusal.says)
            assert problem["type"] == f"urn:faden:problem:{code}"
            assert says in answer.text
            assert "Erika" not in answer.text


def raised_below(folder: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield every `Permanent(…)` there, with its place."""
    for path in Path(conversation_store.__file__).parent.joinpath(folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Permanent":
                yield f"{path.name}:{node.lineno}", node


def test_whatever_is_refused_has_a_code_of_its_own():
    """Else the desk could say no more than «Das war so nicht möglich.»; `append` answers nobody."""
    found = dict(raised_below("."))
    heard_by_nobody = {place for place, _ in raised_below("append")}
    nameless = {
        place for place, call in found.items() if "code" not in {k.arg for k in call.keywords}
    }
    assert len(found) > 20
    assert nameless - heard_by_nobody == set()


async def test_a_method_that_is_not_there_needs_no_code(desk):
    answer = await desk.delete("/conversations")
    assert (answer.status_code, answer.json()["type"]) == (405, "about:blank")


STAFF = {"agent": 200, "supervisor": 200, "service": 200} | dict.fromkeys(
    ("citizen", "operator", "portal"), 403
)
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
    token = issue(world.ground.ring, caller, "conversation_store", lifetime=-60)
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
    assert entry["problems"] == [
        {"code": "charset_wrong", "about": "x-foo"},
        {"code": "in_words", "about": "Anhang 2 ist leer"},
    ]
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
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:faden:problem:erased")
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
        *("answers", "call_id", "callback_id"),
        *("order", "before", "view", "page", "part"),
    }


async def test_the_probes(desk):
    assert (await desk.get("/healthz")).json() == {"service": "conversation_store"}
    ready = await desk.get("/readyz")
    assert ready.json() == {
        "database": "ok",
        "blobs": "ok",
        "space": "ok",
        "erased": "ok",
        "listen": "is not reading yet",
    }
    assert ready.status_code == 503
    assert "hub_" in (await desk.get("/metrics")).text
