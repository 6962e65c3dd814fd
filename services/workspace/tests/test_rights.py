"""Who may see what: every route of the desk, asked by everyone who may not."""

import pytest

from hub_pages.testing import check_page
from workspace.act import router as act
from workspace.hand_out import router as hand_out
from workspace.live import router as live
from workspace.look import router as look
from workspace.operations import router as operations
from workspace.write import router as write

SOME = "11111111-1111-4111-8111-111111111111"
NAMES = ("conversation_id", "entry_id", "file_id", "held_id")
FORMS = {
    "contact_point": SOME,
    "decision": "accepted",
    "entry": SOME,
    "into": SOME,
    "letter": "dead-1",
    "link": SOME,
    "proposal": SOME,
    "q": "erika@example.org",
    "rearrangement": SOME,
    "service": "conversation_store",
    "text": "x",
    "to": "new",
    "until": "hour",
}


def routes():
    for router in (look, live, hand_out, operations, write, act):
        for route in router.routes:
            path = route.path
            for name in NAMES:
                path = path.replace(f"{{{name}}}", SOME)
            path = path.replace("{number}", "0").replace("{what}", "close")
            for method in sorted(route.methods):
                yield method, path


ROUTES = sorted(set(routes()))


def ask(client, method, path):
    files = {"files": ("a.txt", b"a", "text/plain")} if path.endswith("/files") else None
    form = {"data": FORMS, "files": files} if method == "POST" else {"params": {"view": "mine"}}
    return client.request(method, path, **form).status_code


def test_there_are_routes():
    assert len(ROUTES) > 25


def test_a_citizen_reaches_none(office):
    with office.client("citizen") as citizen:
        said = {route: ask(citizen, *route) for route in ROUTES if route != ("GET", "/")}
    assert set(said.values()) == {403}, said


def test_an_operator_reads_no_conversation_and_an_agent_runs_nothing(office):
    open_to = [("GET", "/operations"), ("POST", "/operations/replay"), ("GET", "/")]
    with office.client("operator") as operator, office.client() as agent:
        for route in ROUTES:
            if route not in open_to:
                assert ask(operator, *route) == 403, route
        for route in open_to[:2]:
            assert ask(agent, *route) == 403, route
        assert operator.get("/").headers["location"] == "/operator/operations"


def test_another_tenants_agent_finds_nothing(office):
    [home] = office.take_in(office.mail("erika@example.org", "Geheim", subject="Geheim"))
    [entry] = office.sql("select id from entry")
    with office.client("village") as village:
        for method, path in ROUTES:
            if path == "/live":
                continue
            status = ask(
                village,
                method,
                path.replace(f"/c/{SOME}", f"/c/{home}").replace(f"/e/{SOME}", f"/e/{entry['id']}"),
            )
            page = "" if method == "POST" else village.get(path, params={"view": "mine"}).text
            assert "Geheim" not in page, path
            if "/c/" in path and method == "GET" and not path.endswith(("/here", "/held")):
                assert status == 404, (path, status)
    assert office.sql("select count(*) as n from entry")[0]["n"] == 1
    assert office.sql("select state, assignee from conversation")[0]["state"] == "open"


@pytest.mark.real("chromium")
def test_an_operator_sees_what_is_stuck_and_has_it_handled_again(office, visit):
    office.loop.run(_park(office))
    page = visit(f"{office.address}/operator/operations", locale="de-DE")
    assert "Dienste brauchen Aufmerksamkeit" in page.locator("main").inner_text()
    assert "antwortet nicht" in page.locator("#s-channel_email").inner_text()
    assert "0 offen, davon 0 überfällig" in page.locator("main").inner_text()
    check_page(page)
    page.get_by_role("button", name="Noch einmal verarbeiten").first.click()
    page.wait_for_url("**/operations")
    asked = "select replay_asked from dead_letter"
    assert office.sql(asked)[0]["replay_asked"] is True


async def _park(office):
    from hub_kit.database import transaction

    sql = """
    insert into dead_letter (consumer, lane, topic, key, position, traceparent, body, reason)
    values ('conversation_store', 'log', 'faden.message.received', 'musterstadt/x', '1:1', '',
      'x', 'is no event')
    """
    async with transaction(office.ground.pool) as connection:
        await connection.execute(sql)
