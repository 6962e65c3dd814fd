"""The desk over HTTP: what each page shows, to whom, and what becomes of what is done."""

import re
from datetime import timedelta
from urllib.parse import unquote
from uuid import UUID

from conversation_store.erase import erase
from hub_contract.references import make_reference


def test_the_queue_shows_who_waits_and_counts_exactly(office):
    office.take_in(*(office.mail(f"p{n}@example.org", name=f"Person {n}") for n in range(45)))
    with office.client() as desk:
        page = desk.get("/?view=unassigned").text
        assert page.count('class="line ') == 40
        assert 'Frei <span class="queue__count">45</span>' in page
        assert 'Meine <span class="queue__count">0</span>' in page
        [more] = re.findall(r"after=([^&]+)&amp;open_=\"[^>]*>Weitere zeigen", page)
        further = desk.get("/queue", params={"view": "unassigned", "after": unquote(more)}).text
        assert further.count('class="line ') == 5
        assert f'data-after="{unquote(more)}"' in further, "it is looked at again as it is"


def test_a_conversation_is_read_answered_and_closed(office):
    [home] = office.take_in(office.mail(text="Wann haben Sie offen?", subject="Öffnungszeiten"))
    with office.client() as desk:
        page = desk.get(f"/c/{home}").text
        assert "Wann haben Sie offen?" in page
        assert "Öffnungszeiten" in page
        assert desk.post(f"/c/{home}/assign", data={"assignee": "agent-7"}).status_code == 303
        assert "Sie sind zuständig" in desk.get(f"/c/{home}").text
        assert desk.post(f"/c/{home}/close").status_code == 303
        assert 'Erledigt <span class="queue__count">1</span>' in desk.get("/").text
        assert desk.post(f"/c/{home}/reopen").status_code == 303


def test_an_unknown_conversation_and_one_of_another_tenant_are_alike(office):
    [home] = office.take_in(office.mail(ago=timedelta(hours=1)))
    with office.client("village") as village:
        foreign = village.get(f"/c/{home}")
        unknown = village.get("/c/00000000-0000-4000-8000-000000000000")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.text.replace(home, "") == unknown.text.replace(
            "00000000-0000-4000-8000-000000000000", ""
        )


def test_an_entry_is_moved_and_put_back(office):
    [home] = office.take_in(office.mail(text="Hund", subject="Hund"))
    [other] = office.take_in(office.mail("max@example.org", "Parkausweis", subject="Parken"))
    office.take_in(office.mail("max@example.org", "Und noch ein Hund", subject="Parken"))
    [*_, entry] = office.sql(
        "select id from entry where conversation_id = $1 order by place", other
    )
    [target] = office.sql("select reference from conversation where id = $1", home)
    with office.client() as desk:
        move = {"entry": str(entry["id"]), "to": target["reference"]}
        desk.post(f"/c/{other}/move", data=move)
        page = desk.get(f"/c/{home}").text
        assert "Und noch ein Hund" in page
        assert "Verschoben" in page
        [moved] = office.sql("select id from rearrangement")
        desk.post(f"/c/{home}/undo", data={"rearrangement": str(moved["id"])})
        assert "Und noch ein Hund" not in desk.get(f"/c/{home}").text
        wrong = move | {"to": "384-291-770-000"}
        said = desk.post(f"/c/{other}/move", data=wrong, headers={"HX-Request": "true"}).text
        assert "Diese Vorgangsnummer stimmt nicht" in said
        assert "Es wurde nichts verändert" in said
        english = {"HX-Request": "true", "Accept-Language": "en"}
        said = desk.post(f"/c/{other}/move", data=wrong, headers=english).text
        assert "This reference is not right" in said
        nowhere = move | {"to": make_reference()}
        said = desk.post(f"/c/{other}/move", data=nowhere, headers={"HX-Request": "true"}).text
        assert "Zu dieser Vorgangsnummer gibt es kein Gespräch" in said
        desk.post(f"/c/{other}/move", data=move | {"to": "new"})
        assert len(office.sql("select id from conversation where state = 'open'")) == 3


def test_the_only_entry_takes_its_conversation_along(office):
    [home] = office.take_in(office.mail(text="Hund"))
    [other] = office.take_in(office.mail("max@example.org", "Noch ein Hund"))
    [entry] = office.sql("select id from entry where conversation_id = $1", other)
    [target] = office.sql("select reference from conversation where id = $1", home)
    with office.client() as desk:
        data = {"entry": str(entry["id"]), "to": target["reference"]}
        desk.post(f"/c/{other}/move", data=data)
        assert "Noch ein Hund" in desk.get(f"/c/{home}").text
        headers = {"HX-Request": "true"}
        [alone] = office.take_in(office.mail("nina@example.org"))
        [entry] = office.sql("select id from entry where conversation_id = $1", alone)
        data = {"entry": str(entry["id"]), "to": "new"}
        said = desk.post(f"/c/{alone}/move", data=data, headers=headers).text
        assert "schon ein eigenes Gespräch" in said


def test_proposals_are_shown_with_whom_they_mean_accepted_and_put_away(office):
    [first] = office.take_in(office.mail("erika@example.org", name="Erika Muster"))
    [home] = office.take_in(office.mail("e.muster@example.net", name="Erika Muster"))
    with office.client() as desk:
        page = desk.get(f"/c/{home}").text
        assert "Dieselbe Person?" in page
        assert "erika@example.org" in page
        [asked] = office.sql("select id from proposal where conversation_id = $1", home)
        data = {"proposal": str(asked["id"]), "decision": "accepted"}
        desk.post(f"/c/{home}/proposal", data=data)
        page = desk.get(f"/c/{home}").text
        assert "Dieselbe Person?" not in page
        assert "mit einer Person verbunden" in page
        assert first in page  # among her other conversations
        [link, *_] = office.sql("select id from party_link where undone_at is null")
        desk.post(f"/c/{home}/unlink", data={"link": str(link["id"])})
        assert len(office.sql("select id from party_link where undone_at is null")) < 2


def entry_of(office, conversation):
    [entry] = office.sql("select id from entry where conversation_id = $1", conversation)
    return str(entry["id"])


def test_what_was_odd_is_said_in_the_readers_language_however_it_was_published(office):
    odd = ({"code": "charset_wrong", "about": "x-foo"}, "Anhang 2 ist leer.")
    blocked = ({"code": "access_blocked", "about": "2026-11-27 16:45"},)
    [home] = office.take_in(office.mail(problems=odd))
    [note] = office.take_in(office.mail("max@example.org", text="", problems=blocked))
    with office.client() as desk:
        path, english = f"/e/{entry_of(office, home)}", {"Accept-Language": "en"}
        page = desk.get(path).text
        assert "Der Zeichensatz „x-foo“ stimmt nicht" in page
        assert "Anhang 2 ist leer." in page
        assert "The character set “x-foo” is wrong" in desk.get(path, headers=english).text
        assert "ist bis 2026-11-27 16:45 gesperrt" in desk.get(f"/c/{note}").text
        page = desk.get(f"/c/{note}", headers=english).text
        assert "is blocked until 2026-11-27 16:45" in page
        assert "New conversation: nothing matched." in page


def test_what_is_erased_is_said_to_be_erased(office):
    [home] = office.take_in(office.mail(original=b"From: erika"))
    entry = entry_of(office, home)
    office.loop.run(erase(office.ground, "musterstadt", UUID(entry)))
    with office.client() as desk:
        answer = desk.get(f"/e/{entry}/original")
    assert (answer.status_code, answer.headers["content-type"]) == (410, "text/html; charset=utf-8")
    assert "Der Inhalt wurde gelöscht." in answer.text


def test_what_is_searched_is_found_and_leaves_no_trace_in_addresses(office):
    [home] = office.take_in(office.mail())
    [row] = office.sql("select reference from conversation")
    with office.client() as desk:
        for q in (row["reference"], "erika@EXAMPLE.org"):
            found = desk.post("/search", data={"q": q})
            assert "1 Gespräch gefunden" in found.text
            assert home in found.text
            assert found.url.query == b""
        assert "Dazu gibt es kein Gespräch" in desk.post("/search", data={"q": "x@y.example"}).text
        assert "Bitte suchen Sie nach" in desk.post("/search", data={"q": "Hund"}).text


def test_an_address_is_found_however_it_is_spelt_and_what_was_not_read_is_marked(office):
    office.take_in(
        office.mail("T024@müller.example"),
        office.mail("030/90 18 20", channel="fax"),
        office.mail("030 901820 / 21", channel="fax", name="Kanzlei"),
    )
    with office.client() as desk:
        for q in ("t024@xn--mller-kva.example", "+49 (0)30 901820", "030 901820 / 21"):
            assert "1 Gespräch gefunden" in desk.post("/search", data={"q": q}).text
        [unread, *others] = [
            desk.get(f"/c/{row['id']}").text
            for row in office.sql(
                "select id from conversation order by channel = 'email', last_at desc"
            )
        ]
        assert "Schreibweise unklar" in unread
        assert "030 901820 / 21" in unread
        assert not any("Schreibweise unklar" in page for page in others)


def test_put_aside_until_tomorrow(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        desk.post(f"/c/{home}/snooze", data={"until": "tomorrow"})
        page = desk.get(f"/c/{home}").text
        assert "Zurückgestellt" in page
        assert "morgen 08:00" in page
        assert 'Später <span class="queue__count">1</span>' in page


def test_while_the_store_is_away_the_page_says_so_and_keeps_what_was_typed(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        office.store_away()
        answer = desk.get(f"/c/{home}")
        assert answer.status_code == 503
        assert "Es wurde nichts verändert" in answer.text
        assert desk.post(f"/c/{home}/draft", data={"text": "Guten"}).status_code == 204


def test_an_agent_says_that_an_address_is_one_persons_or_many_peoples(office):
    [home] = office.take_in(office.mail("anna@example.org", shared=True))
    [who] = office.sql("select id from contact_point")
    with office.client() as desk:
        assert "schreibt für mehrere" in desk.get(f"/c/{home}").text
        for shared, mark, deed in (
            ("false", "Schreibt für mehrere", "schreibt nur eine Person."),
            ("true", "Gehört nur einer Person", "schreiben mehrere Personen."),
        ):
            said = {"contact_point": str(who["id"]), "shared": shared}
            assert desk.post(f"/c/{home}/share", data=said).status_code == 303
            page = desk.get(f"/c/{home}").text
            assert mark in page
            assert f"Festgehalten: Von dieser Adresse {deed}" in page
