"""Files that were never sent: a share for each address and for all, and a mark of free space."""

import asyncio

import pytest

from channel_web.parse.uploads import Upload
from channel_web.receive import room
from channel_web.receive.keep import Keep
from channel_web.receive.room import OBJECT, Full, Room
from channel_web.settings import WebSettings

TENANT, URL = "musterstadt", "/musterstadt"
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
GOOD = {"subject": "Hundesteuer", "text": "Ich habe einen Hund."}
SIZE = 10_000


def photo(size: int = SIZE) -> Upload:
    return Upload("a.jpg", "image/jpeg", bytes(size))


@pytest.fixture
def keeping(hub):
    def keep(**settings) -> Keep:
        return Keep(Room.of(hub.ground, WebSettings(**settings)), hub.ground.blobs, hub.ground.ring)

    return keep


def stored(hub) -> int:
    return sum(one.stat().st_size for one in hub.ground.blobs.root.rglob("*") if one.is_file())


async def fill(keep, addresses, tenant=TENANT) -> int:
    """Send unfinished forms, all at once; return how many were kept."""
    forms = (keep.put(tenant, f"form {a}", [photo()], a) for a in addresses)
    done = await asyncio.gather(*forms, return_exceptions=True)
    assert all(isinstance(one, list | Full) for one in done), done
    return sum(isinstance(one, list) for one in done)


async def test_one_address_has_a_share(keeping, hub):
    keep = keeping(unsent_each=3 * (SIZE + OBJECT + 100))
    assert await fill(keep, ["203.0.113.7"] * 8) == 3
    assert await fill(keep, ["198.51.100.1"]) == 1, "others have theirs"
    assert stored(hub) < 4 * (SIZE + OBJECT)


@pytest.mark.parametrize(
    "addresses",
    [
        [f"2001:db8:1:2::{n:x}" for n in range(8)],
        ["203.0.113.7", "::ffff:203.0.113.7"] * 4,
    ],
)
async def test_whoever_has_many_addresses_of_one_line_has_one_share(keeping, hub, addresses):
    keep = keeping(unsent_each=3 * (SIZE + OBJECT + 100))
    assert await fill(keep, addresses) == 3


async def test_all_together_have_a_share_across_tenants(keeping, hub):
    keep = keeping(unsent_total=4 * (SIZE + OBJECT + 100))
    assert await fill(keep, [f"203.0.113.{n}" for n in range(3)]) == 3
    assert await fill(keep, [f"198.51.100.{n}" for n in range(5)], "kleindorf") == 1
    assert stored(hub) < 5 * (SIZE + OBJECT)


async def test_empty_files_count_for_what_they_cost(keeping, hub):
    keep = keeping(unsent_each=10 * (OBJECT + 100))
    with pytest.raises(Full):
        await keep.put(TENANT, "form", [photo(1)] * 11, "203.0.113.7")
    assert stored(hub) == 0, "of what is too much nothing is written"


async def test_what_is_sent_or_swept_makes_room_again(keeping, hub):
    keep = keeping(unsent_each=SIZE + OBJECT + 100)
    [kept] = await keep.put(TENANT, "form", [photo()], "203.0.113.7")
    assert await fill(keep, ["203.0.113.7"]) == 0
    await keep.forget([kept])
    assert await fill(keep, ["203.0.113.7"]) == 1
    await hub.rows("update channel_web.unsent set at = at - interval '61 minutes'")
    assert await keep.sweep() == 1
    assert stored(hub) == 0
    assert await fill(keep, ["203.0.113.7"]) == 1


async def test_what_could_not_be_written_takes_no_room(keeping, hub):
    root = hub.ground.blobs.root
    root.mkdir(exist_ok=True)
    root.rename(root.with_name("elsewhere"))
    root.write_text("a volume that is not mounted")
    keep = keeping()
    with pytest.raises(Exception, match="blobs"):
        await keep.put(TENANT, "form", [photo()], "203.0.113.7")
    assert await hub.ask("select count(*) from channel_web.unsent") == 0


async def test_no_address_is_readable(keeping, hub):
    await keeping().put(TENANT, "form", [photo()], "203.0.113.7")
    rows = str(await hub.rows("select * from channel_web.unsent"))
    assert "203.0.113" not in rows
    first = await hub.ask("select who from channel_web.unsent")
    assert len(first) == 32


async def fresh(client, read, path) -> dict:
    page = (await client.get(f"{URL}/{path}")).text
    return {"form": read.hidden(page, "form")[0]}


async def send(client, path, fields, name="hund.jpg"):
    parts = [(key, (None, value)) for key, value in fields.items()]
    return await client.post(f"{URL}/{path}", files=[*parts, ("files", (name, JPEG))])


@pytest.fixture
async def inside(client, read):
    """A browser with an open conversation."""
    await client.post(f"{URL}/kontakt", data=await fresh(client, read, "kontakt") | GOOD)
    return client


@pytest.fixture
def change(portal, monkeypatch):
    """Set a setting of the portal."""
    return lambda name, value: monkeypatch.setitem(portal.settings.__dict__, name, value)


@pytest.fixture
def full_disk(portal, monkeypatch):
    monkeypatch.setattr(room, "free", lambda _: portal.settings.free_mark - 1)


# Every way by which bytes come in before something is sent.
PATHS = ["kontakt", "vorgang/gespraech"]


@pytest.mark.parametrize("path", PATHS)
async def test_who_is_over_is_told_kindly_and_keeps_the_text(inside, hub, change, read, path):
    change("unsent_each", 0)
    fields = await fresh(inside, read, path) | GOOD | {"subject": "", "name": "x" * 200}
    fields |= {"text": "Ein langer Text" if path == "kontakt" else "y" * 21_000}
    page = await send(inside, path, fields)
    assert page.status_code == 422
    assert "konnten wir nicht aufheben" in read.said(page.text, "files")
    assert fields["text"] in page.text
    assert read.hidden(page.text, "kept") == []
    assert await hub.ask("select count(*) from channel_web.unsent") == 0


async def test_a_good_form_is_sent_whatever_others_have_left(
    inside, hub, portal, read, monkeypatch
):
    monkeypatch.setitem(portal.settings.__dict__, "unsent_total", 0)
    for path in PATHS:
        assert (await send(inside, path, await fresh(inside, read, path) | GOOD)).status_code == 303
    assert [len(event.content.attachments) for event in await hub.kept()] == [0, 1, 1]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.usefixtures("full_disk")
async def test_below_the_mark_no_file_is_taken_and_every_word(inside, hub, read, path):
    fields = await fresh(inside, read, path) | GOOD
    page = await send(inside, path, fields)
    assert page.status_code == 413
    assert "keinen Platz für Dateien" in read.said(page.text, "files")
    assert GOOD["text"] in page.text
    assert page.headers["retry-after"]
    assert page.headers["connection"] == "close", "the rest of it is not read"
    assert await hub.ask("select count(*) from channel_web.unsent") == 0
    answer = await send(inside, path, fields, name="")
    assert answer.status_code == 303, "a file field that nobody used is no file"
    assert [len(event.content.attachments) for event in await hub.kept()] == [0, 0]


async def test_a_file_that_is_left_out_is_deleted_at_once(client, hub, read):
    fields = await fresh(client, read, "kontakt") | GOOD | {"subject": ""}
    kept = read.hidden((await send(client, "kontakt", fields)).text, "kept")
    parts = [*fields.items(), ("kept", kept[0]), ("remove", kept[0])]
    await client.post(f"{URL}/kontakt", files=[(name, (None, value)) for name, value in parts])
    assert await hub.ask("select count(*) from channel_web.unsent") == 0


def test_free_space_is_asked_where_the_folder_will_lie(tmp_path):
    assert room.free(tmp_path / "not" / "yet" / "made") == room.free(tmp_path) > 0


def test_where_nobody_can_say_there_is_room(hub_ring):
    assert not Room(None, hub_ring, WebSettings(), None).is_short()
