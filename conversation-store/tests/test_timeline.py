"""Pages of a timeline: keyset, small, complete, one query each."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversation_store import timeline
from conversation_store.api.shapes import EntryPage
from conversation_store.timeline import LINE, Slice, read_page
from hub_contract.delivery import Delivery, Reason
from hub_contract.problems import Problem
from hub_contract.words import (
    Attachment,
    Automatic,
    Body,
    CallbackDay,
    CallbackPart,
    CallbackWish,
    CallOutcome,
    MessageKind,
)

TENANT = "musterstadt"
PLACES = [3 * n for n in range(1, 24)]


@pytest.fixture
async def thread(world):
    """Return a conversation of 23 entries, with gaps between their places."""
    entries = await world.take_in(*(world.mail(text=f"Nachricht {n}") for n in range(23)))
    await world.owner.execute("update conversation_store.entry set place = place * 3 + 1000")
    await world.owner.execute("update conversation_store.entry set place = place - 1000")
    return entries[0]["conversation_id"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=3 * settings().max_examples // 10,
)
@given(
    limit=st.integers(1, 50),
    newest_first=st.booleans(),
    between=st.tuples(st.integers(0, 80), st.integers(0, 80)),
)
async def test_pages_concatenate_to_the_whole(world, thread, limit, newest_first, between):
    after, before = between
    expected = [p for p in PLACES if after < p < before]
    found: list[int] = []
    part = Slice(before, after, newest_first, limit)
    while True:
        page = await read_page(world.ground, TENANT, thread, part)
        assert len(page.lines) <= limit
        found += [json.loads(line)["place"] for line in page.lines]
        if page.next is None:
            break
        assert len(page.lines) == limit
        edges = (page.next, after) if newest_first else (before, page.next)
        part = Slice(*edges, newest_first, limit)
    assert found == (expected[::-1] if newest_first else expected)


async def test_a_page_is_one_query_without_offset(world, thread):
    queries: list[str] = []
    await read_page(world.logged(queries), TENANT, thread, Slice(before=30))
    asked = [q for q in queries if " from " in q.lower()]
    assert len(asked) == 1
    assert "offset" not in asked[0].lower()


@pytest.mark.parametrize(("direction", "edge"), [("desc", "before"), ("asc", "after")])
async def test_the_index_leads_to_the_page(world, thread, direction, edge):
    """No page reads more rows than it shows, however long the conversation is."""
    await world.owner.execute(
        """insert into conversation_store.entry
           select gen_random_uuid(), tenant, conversation_id, place + 1000 * n, kind, direction,
             channel, account, at, claimed_at, contact_point_id, author, automatic, readable,
             partial, verified, rule, reason, marks, facts, original, delivery, delivery_reason,
             delivery_code, delivery_at, content
           from conversation_store.entry, generate_series(1, 200) n"""
    )
    await world.owner.execute("analyze conversation_store.entry")
    sql = timeline._PAGE.format(direction=direction)
    async with world.transaction() as connection:
        await connection.execute("select set_config('hub.tenant', $1, true)", TENANT)
        arguments = (TENANT, thread, 100_000, 50_000, 51)
        rows = await connection.fetch(f"explain (analyze, format json) {sql}", *arguments)
    plan = json.loads(rows[0][0])[0]["Plan"]
    scans = [node for node in walk(plan) if node.get("Index Name") == "entry_place"]
    assert scans, plan
    assert all(node["Actual Rows"] <= 51 for node in scans)
    assert not [
        n for n in walk(plan) if n["Node Type"] == "Seq Scan" and n["Relation Name"] == "entry"
    ]


def walk(node):
    yield node
    for child in node.get("Plans", ()):
        yield from walk(child)


TEXTS = {
    "short": "Guten Tag",
    "long": "Sehr geehrte Damen und Herren, " * 400,
    "umlauts": "äöüß" * 1000,
    "emoji": "👩‍👩‍👧‍👦" * 500,
    "escapes": '"\\\n\t\x01' * 1000,
    "chinese": "市民服务" * 1000,
    "empty": "",
}


@pytest.mark.parametrize("name", TEXTS)
async def test_a_line_is_small_and_says_that_there_is_more(world, name):
    files = tuple(
        Attachment(file_name="Ä" * 200 + f"{n}.pdf", media_type="application/pdf", size=1)
        for n in range(10)
    )
    mail = world.mail(
        "x" * 100 + "@example.org",
        TEXTS[name],
        name="🦊" * 200,
        subject="Straßenlärm " * 100,
        attachments=files,
        files=(b"x",) * 10,
        references=("384291770608",),
        reply_token="x" * 48,
        problems=(Problem(code="charset_wrong", about="ß" * 200),),
        event={"automatic": Automatic.GENERATED, "readable": False, "partial": True},
    )
    [entry] = await world.take_in(mail)
    page = await read_page(world.ground, TENANT, entry["conversation_id"], Slice())
    [line] = page.lines
    assert len(line) <= LINE
    shown = json.loads(line)
    assert TEXTS[name].startswith(shown["text"])
    assert shown.get("more", False) == (shown["text"] != TEXTS[name])
    assert shown["attachments"] == 10
    assert len(shown["files"]) == 3
    [parsed] = EntryPage.model_validate_json(page.json).entries
    assert parsed.text == shown["text"]


async def test_fifty_full_lines_stay_below_sixty_kilobytes(world):
    mails = [
        world.mail(text="Sehr geehrte Damen und Herren, äöü " * 100, name="Erika")
        for _ in range(60)
    ]
    entries = await world.take_in(*mails)
    page = await read_page(world.ground, TENANT, entries[0]["conversation_id"], Slice())
    assert len(page.lines) == 50
    assert len(page.json) <= 60 * 1024
    assert all(len(json.loads(line)["text"]) > 500 for line in page.lines)


async def test_the_page_of_the_interface_is_the_same(world, desk, thread):
    for order in ("newest", "oldest"):
        entries = await desk.pages(f"/conversations/{thread}/entries", order=order, limit=7)
        places = [entry["place"] for entry in entries]
        assert places == (PLACES[::-1] if order == "newest" else PLACES)


async def test_what_says_nothing_is_left_out_and_what_was_odd_is_said(world, desk):
    plain, odd = await world.take_in(
        world.mail(), world.mail(reply_token="x", answers=("<1@example.org>",))
    )
    await world.ground.accept(world.report(odd["id"], Delivery.FAILED))
    entries = await desk.pages(f"/conversations/{plain['conversation_id']}/entries", order="oldest")
    assert set(entries[0]) == {
        *("id", "place", "kind", "direction", "at", "reason", "channel", "account"),
        *("contact_point", "person", "text"),
    }
    assert entries[1]["reason"]["code"] == "answers"
    assert entries[1]["marks"] == [{"code": "token_forged"}]


async def test_a_line_without_words_says_what_was_odd_however_it_was_published(world, desk):
    odd = Problem(code="access_blocked", about="2026-11-27 16:45")
    old = Problem(code="in_words", about="Die Nachricht ist leer.")
    for problem in (odd, old):
        [entry] = await world.take_in(world.mail(text="", problems=(problem,)))
        [line, *_] = await desk.pages(f"/conversations/{entry['conversation_id']}/entries")
        assert line["problem"] == problem.model_dump()
    [entry] = await world.take_in(world.mail(text="Worte", problems=(odd,)))
    [line, *_] = await desk.pages(f"/conversations/{entry['conversation_id']}/entries")
    assert "problem" not in line


async def test_a_line_says_how_much_is_folded_away(world, desk):
    body = Body(text="Ja.", quoted="> Kommen Sie?\n>\n> Amt", signature="-- \nErika")
    [entry] = await world.take_in(world.mail(body=body))
    [line] = await desk.pages(f"/conversations/{entry['conversation_id']}/entries")
    assert (line["folded"], line["quoted_lines"], line["signature_lines"]) == (True, 3, 2)


async def test_an_erased_entry_keeps_its_line(world, desk):
    [entry] = await world.take_in(world.mail(text="geheim"))
    await world.erase(entry["id"])
    [line] = await desk.pages(f"/conversations/{entry['conversation_id']}/entries")
    assert line["erased"] is True
    assert "text" not in line
    assert "person" not in line


async def test_how_far_an_answer_got(world, desk):
    [first] = await world.take_in(world.mail())
    path = f"/conversations/{first['conversation_id']}"
    made = (await desk.post(f"{path}/replies", json={"text": "Ja."})).json()
    reason = Reason.MAILBOX_FULL
    await world.ground.accept(
        world.report(made["entry_id"], Delivery.DEFERRED, reason=reason, code="4.2.2")
    )
    await world.append()
    [line, _] = await desk.pages(f"{path}/entries")
    assert {**line["delivery"], "at": ""} == {
        "status": "deferred",
        "at": "",
        "reason": "mailbox_full",
        "code": "4.2.2",
    }
    assert (line["author"], line["text"], line["direction"]) == ("agent-7", "Ja.", "out")


async def test_a_call_says_how_it_went_and_what_is_wished(world):
    said = {"kind": MessageKind.CALL, "outcome": CallOutcome.MISSED, "seconds": 42}
    wish = CallbackWish(day=CallbackDay.TOMORROW, part=CallbackPart.MORNING)
    [called, mailed] = await world.take_in(
        world.mail(text="", event=said, callback=wish), world.mail("max@example.org")
    )
    [line] = await lines_of(world, called)
    assert (line["outcome"], line["seconds"]) == ("missed", 42)
    assert line["callback"] == {"day": "tomorrow", "part": "morning"}
    [line] = await lines_of(world, mailed)
    assert not {"outcome", "seconds", "callback"} & line.keys()


async def lines_of(world, entry) -> list[dict]:
    page = await read_page(world.ground, TENANT, entry["conversation_id"], Slice())
    EntryPage.model_validate_json(page.json)
    return [json.loads(line) for line in page.lines]
