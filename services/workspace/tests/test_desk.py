"""The desk over HTTP: what each page shows, to whom, and what becomes of what is done."""

from datetime import timedelta


def test_the_queue_shows_who_waits_and_counts_exactly(office):
    office.take_in(*(office.mail(f"p{n}@example.org", name=f"Person {n}") for n in range(45)))
    with office.client() as desk:
        page = desk.get("/?view=unassigned").text
        assert page.count('class="line ') == 40
        assert 'Frei <span class="queue__count">45</span>' in page
        assert 'Meine <span class="queue__count">0</span>' in page
        assert "Weitere zeigen" in page


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
