"""By every operation of the OpenAPI document, a caller of one authority learns nothing of another.

What belongs to the other and what does not exist at all must be answered alike, byte for byte.
"""

import json
from pathlib import Path
from uuid import uuid4

import pytest

import conversation_store

DOCUMENT = json.loads(
    (Path(conversation_store.__file__).parents[2] / "openapi.json").read_text(encoding="utf-8")
)
OPERATIONS = {
    operation["operationId"]: (method, path)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
UNTIL = "2199-01-01T00:00:00Z"

# What each operation is asked, beside the ids in its path; `{name}` is an id of the other tenant.
BODIES = {
    "get_conversations": None,
    "get_queue": None,
    "get_conversation": None,
    "get_ways": None,
    "get_others": None,
    "get_entries": None,
    "get_entry": None,
    "get_original": None,
    "get_attachment": None,
    "get_page": None,
    "post_search": {"reference": "{reference}"},
    "post_reply": {"text": "Ja."},
    "post_note": {"text": "Notiz"},
    "post_close": None,
    "post_reopen": None,
    "post_read": None,
    "post_snooze": {"until": UNTIL},
    "post_assign": {"assignee": "agent-7"},
    "post_confirm": {"contact_point": "{contact_point_id}"},
    "post_merge": {"into": "{conversation_id}"},
    "post_split": {"entries": ["{entry_id}"]},
    "post_move": {"to": "{conversation_id}"},
    "post_undo": None,
    "post_address": {"address": "Erika\nWeg 1\n12345 Ort"},
    "post_share": {"contact_point": "{contact_point_id}", "shared": True},
    "post_link": {"other": "{contact_point_id}", "reason": "Anruf"},
    "post_unlink": None,
    "post_decide": {"decision": "dismissed"},
    "post_release_original": None,
    "post_release_attachment": None,
    "post_erase": None,
    "get_mine": None,
    "get_my_conversation": None,
    "get_my_entries": None,
    "get_my_entry": None,
    "get_my_attachment": None,
    "get_my_page": None,
    "post_my_read": {"up_to": 10},
    "post_stopped": {"channel": "sms", "address": {"kind": "phone", "value": "+4915112345678"}},
    "get_calls": None,
    "get_call": None,
    "post_call_note": {"concerns": [{"text": "Hund"}]},
    "post_callback": {"day": "today"},
    "post_callback_owner": {"owner": "agent-8"},
    "post_callback_result": {"result": "not_reached", "attempts": 0},
    "post_callback_call": {"telephone": "+49711123911"},
}
# Who asks, where it is not an agent: a citizen is known by her inbox.
ASKERS = {
    name: ("supervisor", "agent-7") for name in BODIES if "_erase" in name or "_release" in name
} | {
    name: ("citizen", "{inbox}")
    for name in BODIES
    if "_my_" in name or name in {"get_mine", "post_stopped"}
}
# The caller's own thing in the path, the other's in the body.
MIXED = {
    "post_search": {"address": {"kind": "email", "value": "{address}"}},
    "post_reply": {"text": "Ja.", "contact_point": "{contact_point_id}"},
    "post_confirm": {"contact_point": "{contact_point_id}"},
    "post_share": {"contact_point": "{contact_point_id}", "shared": True},
    "post_merge": {"into": "{conversation_id}"},
    "post_split": {"entries": ["{entry_id}"]},
    "post_move": {"to": "{conversation_id}"},
    "post_link": {"other": "{contact_point_id}", "reason": "Anruf"},
    "post_call_note": {"concerns": [{"text": "Hund", "conversation_id": "{conversation_id}"}]},
}


async def fill(world, desk) -> dict[str, str]:
    """Give a tenant one of everything; return the ids."""
    tenant = desk.caller.tenant
    # Both know different people, or each would meet her own.
    address = f"erika@{tenant}.example"
    inbox = {"kind": "portal", "value": f"inbox-{tenant}"}
    letter = world.mail(
        address,
        tenant=tenant,
        name="Erika Mustermann",
        original=b"raw",
        files=(b"file",),
        attachments=({"file_name": "a", "media_type": "a/b", "size": 4},),
        reachable=({"kind": "email", "value": address}, inbox),
    )
    first, second, _, _, wished = await world.take_in(
        letter,
        world.mail(f"karl@{tenant}.example", tenant=tenant, external_id=f"<{tenant}>"),
        world.mail(f"m@{tenant}.example", tenant=tenant, name="Mustermann Erika"),
        world.reading(letter),
        world.mail(
            f"+4971112345{len(tenant)}",
            tenant=tenant,
            channel="phone",
            account="zentrale",
            callback={"day": "today"},
        ),
    )
    other = {"other": str(second["contact_point_id"]), "reason": "Anruf"}
    link = await desk.post(f"/contact-points/{first['contact_point_id']}/link", json=other)
    merged = await desk.post(
        f"/conversations/{second['conversation_id']}/merge",
        json={"into": str(first["conversation_id"])},
    )
    call = world.call(tenant=tenant)
    await world.ground.accept.all([call])
    await world.append()
    rows = [row for row in await world.rows("proposal") if row["tenant"] == tenant]
    return {
        "conversation_id": str(first["conversation_id"]),
        "entry_id": str(first["id"]),
        "contact_point_id": str(first["contact_point_id"]),
        "rearrangement_id": merged.json()["rearrangement_id"],
        "proposal_id": str(rows[0]["id"]),
        "link_id": link.json()["link_ids"][0],
        "call_id": str(call.event.call_id),
        "callback_id": str(wished["id"]),
        "number": "0",
        "page": "1",
        "part": "small",
        "reference": (await world.conversation(first["conversation_id"]))["reference"],
        "address": address,
        "inbox": inbox["value"],
    }


@pytest.fixture
async def towns(world, desk):
    """Return the caller of one town, its ids, and those of the other."""
    other = desk.as_("kleindorf")
    theirs = await fill(world, other)
    yield desk, await fill(world, desk), theirs
    await other.aclose()


def nothing(theirs: dict[str, str]) -> dict[str, str]:
    """Return ids of the same kind that exist nowhere."""
    return {name: str(uuid4()) for name in theirs} | {
        "number": "0",
        "page": "1",
        "part": "small",
        "reference": "384291770608",
        "address": "nobody@example.org",
        "inbox": "inbox-nowhere",
    }


def filled(body, ids):
    if isinstance(body, str):
        return body.format_map(ids) if body.startswith("{") else body
    if isinstance(body, list):
        return [filled(one, ids) for one in body]
    if isinstance(body, dict):
        return {name: filled(value, ids) for name, value in body.items()}
    return body


async def ask(desk, operation, path_ids, body, body_ids, *, own_ids):
    """Ask as whom the operation is for; `own_ids` are those of the caller's tenant."""
    method, path = OPERATIONS[operation]
    role, who = ASKERS.get(operation, ("agent", "agent-7"))
    async with desk.as_(desk.caller.tenant, role, who.format_map(own_ids)) as asker:
        body = filled(body, body_ids)
        answer = await asker.request(method, path.format_map(path_ids), json=body)
    return answer.status_code, answer.content, answer.headers.get("content-type")


async def everything_of(world, tenant):
    """Return every row of a tenant, so that a change would show."""
    tables = await world.owner.fetch(
        """select table_schema || '.' || table_name as name from information_schema.columns
           where column_name = 'tenant' and table_schema in ('hub', 'conversation_store')"""
    )
    return {
        table["name"]: sorted(
            str(tuple(row))
            for row in await world.owner.fetch(
                f"select * from {table['name']} where tenant = $1", tenant
            )
        )
        for table in tables
    }


def test_every_operation_of_the_document_is_asked():
    assert set(BODIES) == set(OPERATIONS)


async def test_what_is_theirs_does_not_exist(world, towns, subtests):
    desk, ours, theirs = towns
    before = await everything_of(world, "kleindorf")
    missing = nothing(theirs)
    for operation, (_, path) in OPERATIONS.items():
        with subtests.test(operation):
            found = await ask(desk, operation, theirs, BODIES[operation], theirs, own_ids=ours)
            expected = await ask(desk, operation, missing, BODIES[operation], missing, own_ids=ours)
            assert found == expected
            assert found[0] == 404 or "{" not in path
            assert await everything_of(world, "kleindorf") == before


async def test_nor_can_it_be_joined_with_what_is_ours(world, towns, subtests):
    desk, ours, theirs = towns
    before = await everything_of(world, "kleindorf"), await everything_of(world, "musterstadt")
    for operation, body in MIXED.items():
        with subtests.test(operation):
            found = await ask(desk, operation, ours, body, theirs, own_ids=ours)
            expected = await ask(desk, operation, ours, body, nothing(theirs), own_ids=ours)
            assert found == expected
            assert found[0] in {404, 422} or found[1] == b'{"conversations":[]}'
            after = (
                await everything_of(world, "kleindorf"),
                await everything_of(world, "musterstadt"),
            )
            assert after == before


async def test_lists_and_counts_are_our_own(world, towns):
    desk, ours, theirs = towns
    empty = desk.as_("neustadt")
    page = (await empty.get("/conversations")).json()
    counts = (await empty.get("/queue")).json()["counts"]
    await empty.aclose()
    assert page == {"conversations": [], "next": None, "count": 0}
    assert set(counts.values()) == {0}
    seen = [(await desk.get("/queue", params={"view": view})).json() for view in counts]
    assert [one["counts"]["unassigned"] for one in seen] == [3] * len(counts)
    assert theirs["conversation_id"] not in str(seen)
    page = (await desk.get("/conversations")).json()
    assert page["count"] == 3
    ids = {c["id"] for c in page["conversations"]}
    assert ours["conversation_id"] in ids
    assert theirs["conversation_id"] not in ids
    for inbox, expected in ((ours["inbox"], [ours["conversation_id"]]), (theirs["inbox"], [])):
        async with desk.as_(role="citizen", who=inbox) as citizen:
            mine = (await citizen.get("/mine")).json()["conversations"]
        assert [one["id"] for one in mine] == expected


async def hold(world, entry_id):
    """Hold the original and the first file of an entry, as a scanner would."""
    for number in (-1, 0):
        await world.owner.execute(
            "insert into conversation_store.held_file values ($1, $2, $3, 'unfit', '', '')",
            "musterstadt",
            entry_id,
            number,
        )


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_operations_do_work_on_what_is_ours(world, towns, operation):
    """Else a test of refusals proves nothing."""
    desk, ours, _ = towns
    [second] = await world.take_in(world.mail("petra@example.org"))
    other = {
        **ours,
        "conversation_id": str(second["conversation_id"]),
        "contact_point_id": str(second["contact_point_id"]),
    }
    body_ids = other if operation in {"post_merge", "post_move", "post_link"} else ours
    if "release" in operation:
        await hold(world, ours["entry_id"])
    status, content, _ = await ask(desk, operation, ours, BODIES[operation], body_ids, own_ids=ours)
    assert status in {200, 201, 204}, content
    if operation == "post_search":
        assert ours["conversation_id"].encode() in content
