"""What agents write: drafts are kept, answers held and taken back, nothing is sent twice or lost."""

import asyncio
import re
import time
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from conversation_store.erase import erase
from conversation_store.reply.answer import reply
from conversation_store.reply.compose import Answer
from hub_contract.words import Attachment, ContactPoint
from hub_kit.tokens import Caller
from workspace.drafts import Draft, keep_draft, sweep_drafts
from workspace.hold import drop_erased

SENT = "select id from entry where direction = 'out' and conversation_id = $1"


def until(condition, within=30):
    end = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < end, "never came true"
        time.sleep(0.05)
    return found


def write(desk, home, text, seen=9999, **more):
    data = {"text": text, "note": "false", "seen": str(seen), **more}
    return desk.post(f"/c/{home}/write", data=data, follow_redirects=True)


def piece(desk, path):
    return desk.get(path, headers={"HX-Request": "true"}).text


def test_a_draft_is_kept_for_each_agent_and_conversation(office):
    homes = office.take_in(office.mail(), office.mail("max@example.org"))
    with office.client() as desk, office.client("colleague") as colleague:
        assert desk.post(f"/c/{homes[0]}/draft", data={"text": "Sehr geehrte"}).status_code == 204
        assert "Sehr geehrte" in piece(desk, f"/c/{homes[0]}")
        assert "Sehr geehrte" not in piece(desk, f"/c/{homes[1]}")
        assert "Sehr geehrte" not in piece(colleague, f"/c/{homes[0]}")
        desk.post(f"/c/{homes[0]}/draft", data={"text": "  "})
    assert office.sql("select 1 from draft", ground=office.own) == []


def test_a_draft_that_nobody_finishes_goes_after_its_time(office):
    homes = [office.take_in(office.mail(f"{name}@example.org"))[0] for name in ("a", "b", "c")]
    files = {"files": ("a.txt", b"A", "text/plain")}
    with office.client() as desk:
        for home in homes:
            desk.post(f"/c/{home}/draft", data={"text": "Angefangen"})
        desk.post(f"/c/{homes[1]}/files", files=files)
    old = "update draft set changed_at = now() - interval '91 days' where conversation_id = any($1)"
    office.sql(old, [UUID(home) for home in homes[:2]], ground=office.own)
    sweep = partial(sweep_drafts, office.own.pool, timedelta(days=90))
    assert office.loop.run(sweep("musterstadt")) == 1  # the other's file is new
    office.sql("update file set at = now() - interval '91 days'", ground=office.own)
    assert office.loop.run(sweep("kleindorf")) == 0
    assert office.loop.run(sweep("musterstadt")) == 1
    assert office.sql("select 1 from file", ground=office.own) == []
    [left] = office.sql("select conversation_id from draft", ground=office.own)
    assert str(left["conversation_id"]) == homes[2]


def test_a_draft_goes_where_something_was_erased_after_it(office):
    """It may quote what was erased; what is written later stays."""
    erased, other = office.take_in(office.mail(), office.mail("max@example.org"))
    [entry] = office.sql("select id from entry where conversation_id = $1", UUID(erased))

    def drafts():
        office.loop.run(drop_erased(office.own.pool, "musterstadt"))
        rows = office.sql("select conversation_id from draft", ground=office.own)
        return {str(row["conversation_id"]) for row in rows}

    with office.client() as desk:
        for home in (erased, other):
            desk.post(f"/c/{home}/draft", data={"text": "Sehr geehrte"})
        assert drafts() == {erased, other}
        office.loop.run(erase(office.ground, "musterstadt", entry["id"]))
        assert drafts() == {other}
        desk.post(f"/c/{erased}/draft", data={"text": "Nachtrag"})
        assert drafts() == {erased, other}


def test_nothing_an_agent_writes_is_readable_in_the_tables(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        desk.get("/")
        desk.post(f"/c/{home}/draft", data={"text": "Geheimes"})
        desk.post(f"/c/{home}/files", files={"files": ("Geheim.txt", b"Geheimes", "text/plain")})
    for table in ("agent", "draft", "file", "held", "presence"):
        for row in office.sql(f"select * from {table}", ground=office.own):
            said = repr(dict(row))
            assert "Geheim" not in said, table
            assert "Petra" not in said, table


@pytest.mark.parametrize("undo_seconds", [3])
def test_an_answer_is_held_and_then_sent_once(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        page = write(desk, home, "Gern geschehen")
        assert "Wird gleich gesendet" in page.text
        until(lambda: office.sql(SENT, home))
        assert "Wird gleich gesendet" not in piece(desk, f"/c/{home}")
        time.sleep(1)
    assert len(office.sql(SENT, home)) == 1


HELD = pytest.mark.parametrize("undo_seconds", [120])
NOW = "update held set send_at = now()"


@HELD
def test_what_stands_in_the_timeline_is_not_shown_as_held_too(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        write(desk, home, "Gern geschehen")
        assert "Wird gleich gesendet" in piece(desk, f"/c/{home}")
        [held] = office.sql("select id from held", ground=office.own)
        # The store has it; the desk has not let go of it yet.
        caller, key = Caller("agent-7", "musterstadt", "agent"), str(held["id"])
        answer = Answer("Gern geschehen")
        office.loop.run(reply(office.store, caller, UUID(home), answer, key))
        shown = piece(desk, f"/c/{home}")
    assert shown.count("Gern geschehen") == 1
    assert "Wird gleich gesendet" not in shown


@HELD
def test_an_answer_is_taken_back_with_its_files(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        desk.post(f"/c/{home}/files", files={"files": ("Liste.txt", b"1, 2, 3", "text/plain")})
        write(desk, home, "Anbei die Liste")
        [held] = office.sql("select id from held", ground=office.own)
        back = desk.post(f"/c/{home}/held/{held['id']}/undo", follow_redirects=True)
        assert "Anbei die Liste" in back.text
        assert "Liste.txt" in back.text
        assert office.sql("select 1 from held", ground=office.own) == []
        write(desk, home, "Anbei die Liste")
        office.sql(NOW, ground=office.own)
        [sent] = until(lambda: office.sql(SENT, home))
        assert desk.get(f"/e/{sent['id']}/files/0").content == b"1, 2, 3"
        late = desk.post(f"/c/{home}/held/{held['id']}/undo", headers={"HX-Request": "true"})
        assert "schon unterwegs" in late.text


def test_what_is_saved_in_the_same_moment_is_one_draft(office):
    [home] = office.take_in(office.mail())
    ground, caller = office.own, Caller("agent-7", "musterstadt", "agent")

    async def save(text: str) -> None:
        await keep_draft(ground.pool, ground.ring, caller, UUID(home), Draft(text))

    async def all_at_once() -> None:
        await asyncio.gather(*(save(f"Guten Tag {n}") for n in range(8)))

    office.loop.run(all_at_once())
    assert len(office.sql("select 1 from draft", ground=ground)) == 1


def way_by(office, home, channel):
    """Return the way of this channel as the composer offers it."""
    with office.client() as desk:
        return re.search(rf'<option value="({channel}/[^"]+)"', piece(desk, f"/c/{home}"))[1]


NUMBERS = (
    ContactPoint(kind="phone", value="+49301234"),
    ContactPoint(kind="fax", value="+49301235"),
)
PDF = ("Bescheid.pdf", b"%PDF", "application/pdf")
PHOTO = ("Foto.jpg", b"jpeg", "image/jpeg")
# channel, what is typed, file | what the page says
UNFIT = {
    "a long SMS": ("sms", {"text": "ä" * 1601}, None, "Der Text ist zu lang für diesen Weg"),
    "a subject by SMS": ("sms", {"subject": "Hund"}, None, "geht kein Betreff mit"),
    "a file by SMS": ("sms", {}, PDF, "»Bescheid.pdf« wurde nicht angehängt. Auf diesem Weg gehen"),
    "a photo by fax": ("fax", {}, PHOTO, "»Foto.jpg« wurde nicht angehängt. Eine Datei ist von"),
}


@HELD
@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_go_is_said_before_it_is_sent_and_kept(office, name):
    channel, typed, file, expected = UNFIT[name]
    [home] = office.take_in(office.mail(reachable=NUMBERS))
    form = {
        "text": "Ja",
        "way": way_by(office, home, channel),
        "note": "false",
        "seen": "9",
    } | typed
    with office.client(headers={"HX-Request": "true"}) as desk:
        files = {"files": file} if file else None
        said = desk.post(f"/c/{home}/write", data=form, files=files).text
        assert expected in said
        assert "Ihr Text ist noch da." in said
        assert f">\n{form['text']}</textarea>" in said
        assert f'value="{form.get("subject", "")}"' in said
        assert office.sql("select 1 from held", ground=office.own) == []
        assert office.sql("select 1 from file", ground=office.own) == []


@HELD
def test_a_file_attached_for_another_way_does_not_go_and_is_not_lost(office):
    [home] = office.take_in(office.mail(reachable=NUMBERS))
    sms, mail, fax = (way_by(office, home, channel) for channel in ("sms", "email", "fax"))
    with office.client(headers={"HX-Request": "true"}) as desk:
        for way, file, said in (
            (mail, PHOTO, "Foto.jpg</span>"),
            (fax, PDF, "Bescheid.pdf</span>"),
            (fax, PHOTO, "Eine Datei ist von einer Art"),
            (sms, PDF, "gehen keine Dateien mit"),
        ):
            data = {"way": way}
            assert said in desk.post(f"/c/{home}/files", data=data, files={"files": file}).text
        said = write(desk, home, "Anbei", way=sms).text
        assert "gehen keine Dateien mit" in said
        assert "Foto.jpg</span>" in said
        assert "nicht mitgeht" in write(desk, home, "Anbei", way=fax).text
        write(desk, home, "Anbei", way=mail)
        assert len(office.sql("select 1 from held", ground=office.own)) == 1
        assert len(office.sql("select 1 from file", ground=office.own)) == 2


@HELD
def test_the_end_of_a_line_counts_once(office):
    [home] = office.take_in(office.mail(reachable=NUMBERS))
    with office.client() as desk:
        write(desk, home, "a\r\n" * 800, way=way_by(office, home, "sms"))
        assert len(office.sql("select 1 from held", ground=office.own)) == 1


@HELD
def test_a_subject_goes_along_and_comes_back_with_the_answer(office):
    [home] = office.take_in(office.mail(subject="Hund"))
    with office.client() as desk:
        desk.post(f"/c/{home}/draft", data={"text": "Ja", "subject": "Ihr Hund"})
        assert 'value="Ihr Hund"' in piece(desk, f"/c/{home}")
        write(desk, home, "Ja", subject="Ihr Hund")
        [held] = office.sql("select id from held", ground=office.own)
        back = desk.post(f"/c/{home}/held/{held['id']}/undo", follow_redirects=True)
        assert 'value="Ihr Hund"' in back.text
        write(desk, home, "Ja", subject="Ihr Hund")
        office.sql(NOW, ground=office.own)
        [sent] = until(lambda: office.sql(SENT, home))
        assert "Ihr Hund" in piece(desk, f"/c/{home}")
        assert sent


@HELD
def test_a_late_copy_of_a_sent_draft_does_not_come_back(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        write(desk, home, "Ja, gern")
        desk.post(f"/c/{home}/draft", data={"text": "Ja, gern"})
        assert office.sql("select 1 from draft", ground=office.own) == []


@HELD
def test_a_form_sent_twice_sends_once(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        desk.post(f"/c/{home}/files", files={"files": ("Liste.txt", b"1, 2, 3", "text/plain")})
        for _ in range(2):
            write(desk, home, "Ja, gern", token="t1")
            write(desk, home, "Ruft wieder an", note="true", token="t2")
        assert len(office.sql("select 1 from held", ground=office.own)) == 1
        assert office.sql("select 1 from draft", ground=office.own) == []
        assert len(office.sql("select 1 from entry where kind = 'note'")) == 1
        office.sql(NOW, ground=office.own)
        [sent] = until(lambda: office.sql(SENT, home))
        assert desk.get(f"/e/{sent['id']}/files/0").content == b"1, 2, 3"
        write(desk, home, "Ja, gern", token="t3")  # another form may say the same again
        assert len(office.sql("select 1 from held", ground=office.own)) == 1


@HELD
def test_another_agent_takes_nothing_back(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk, office.client("colleague") as colleague:
        write(desk, home, "Ja")
        [held] = office.sql("select id from held", ground=office.own)
        colleague.post(f"/c/{home}/held/{held['id']}/undo")
        office.sql(NOW, ground=office.own)
        assert until(lambda: office.sql(SENT, home))


def test_what_the_store_refuses_is_said_and_kept(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        write(desk, home, "Ja", way="sms/post/00000000-0000-4000-8000-000000000000")
        page = until(lambda: (p := piece(desk, f"/c/{home}")) and "Nicht gesendet" in p and p)
        assert "Ihr Text ist noch da" in page
        [held] = office.sql("select id from held", ground=office.own)
        back = desk.post(f"/c/{home}/held/{held['id']}/undo", follow_redirects=True)
        assert ">\nJa</textarea>" in back.text
    assert office.sql(SENT, home) == []


def test_a_note_stays_inside_and_is_there_at_once(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        desk.post(f"/c/{home}/draft", data={"text": "Ruft wieder an", "note": "true"})
        page = write(desk, home, "Ruft wieder an", note="true").text
        assert "Notiz von" in page
        assert ">\nRuft wieder an</textarea>" not in page
    assert office.sql(SENT, home) == []


def test_a_message_that_came_meanwhile_is_read_first(office):
    [home] = office.take_in(office.mail())
    office.take_in(office.mail(text="Hat sich erledigt", answers=("<1@example.org>",)))
    with office.client() as desk:
        headers = {"HX-Request": "true"}
        data = {"text": "Wir prüfen das", "note": "false", "seen": "1"}
        warned = desk.post(f"/c/{home}/write", data=data, headers=headers).text
        assert "Inzwischen ist eine neue Nachricht eingegangen" in warned
        assert "Hat sich erledigt" in warned
        assert "Wir prüfen das</textarea>" in warned
        assert "Trotzdem senden" in warned
        assert office.sql("select 1 from held", ground=office.own) == []
        desk.post(f"/c/{home}/write", data={**data, "anyway": "true"}, headers=headers)
        assert until(lambda: office.sql(SENT, home))


def test_colleagues_see_who_is_here_and_who_writes(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk, office.client("colleague") as colleague:
        desk.get("/")
        desk.get(f"/c/{home}/here")
        assert "hat dieses Gespräch auch geöffnet" in colleague.get(f"/c/{home}/here").text
        desk.get(f"/c/{home}/here", params={"writes": "true"})
        assert "Petra Amt schreibt hier gerade" in colleague.get(f"/c/{home}/here").text
        assert "Petra" not in desk.get(f"/c/{home}/here").text


def test_an_address_that_bounced_is_warned_of(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        write(desk, home, "Ja")
        [sent] = until(lambda: office.sql(SENT, home))
        office.take_in(office.report(sent["id"], "failed", reason="address_unknown"))
        page = piece(desk, f"/c/{home}")
        assert "Diese Adresse gibt es nicht." in page
        assert "data-warning=" in page


def test_too_many_files_are_refused_and_the_text_stays(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        desk.post(f"/c/{home}/draft", data={"text": "Anbei"})
        for _ in range(2):
            big = {"files": ("gross.bin", b"x" * 11_000_000, "application/octet-stream")}
            said = desk.post(f"/c/{home}/files", files=big, headers={"HX-Request": "true"}).text
        assert "zu groß" in said
        assert "»gross.bin« wurde nicht angehängt" in said
        assert said.count("gross.bin</span>") == 1
        assert "Anbei" in piece(desk, f"/c/{home}")


def test_files_of_an_entry_are_listed_with_their_sizes(office):
    files = (Attachment(file_name="Bild.png", media_type="image/png", size=3),)
    office.take_in(office.mail(attachments=files, files=(b"png",)))
    [entry] = office.sql("select id from entry")
    with office.client() as desk:
        whole = desk.get(f"/e/{entry['id']}").text
        assert "Bild.png" in whole
        assert f"/e/{entry['id']}/files/0/view" in whole
