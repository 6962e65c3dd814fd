"""What a citizen leaves at a computer that others use: nothing, by no cookie, form, file or copy."""

import httpx
import pytest

from channel_web.receive.known import COOKIE as KNOWN
from channel_web.receive.session import COOKIE
from hub_contract.errors import Temporary

URL = "/musterstadt"
TALK = f"{URL}/vorgang/gespraech"
GOOD = {"subject": "Hundesteuer", "text": "Ich habe einen Hund.", "name": "Erika Mustermann"}
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)


@pytest.fixture
async def other(door):
    """A second browser, at the same address."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(door), base_url="http://town.example"
    ) as browser:
        yield browser


@pytest.fixture
def others(other, hub):
    """The second browser, and a look into the database."""
    return other, hub


async def fresh(browser, read, path="kontakt") -> dict:
    page = (await browser.get(f"{URL}/{path}")).text
    return {"form": read.hidden(page, "form")[0]} | GOOD


async def follow(browser, answer) -> str:
    """Return the page that a person sees in the end."""
    while answer.is_redirect:
        answer = await browser.get(answer.headers["location"])
    return answer.text


async def sent(browser, read) -> tuple[dict, str, str]:
    """Send the contact form; return it, and the number and digits that the page shows."""
    form = await fresh(browser, read)
    page = await follow(browser, await browser.post(f"{URL}/kontakt", data=form))
    return form, read.number(page, "vorgangsnummer"), read.number(page, "geheimzahl")


def copied(browser) -> dict[str, str]:
    return dict(browser.cookies)


def copy(browser, to) -> None:
    """Take all cookies of a browser along, as they are."""
    for cookie in browser.cookies.jar:
        to.cookies.jar.set_cookie(cookie)


async def test_leaving_empties_the_browser(client, hub, read):
    await sent(client, read)
    answer = await client.post(f"{URL}/vorgang/ende")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert COOKIE not in client.cookies
    assert KNOWN in client.cookies, "it opens nothing, and passes locks at home"


async def test_a_copied_cookie_opens_nothing_any_more(client, other, hub, read):
    await sent(client, read)
    copy(client, other)
    assert (await other.get(TALK)).status_code == 200
    await client.post(f"{URL}/vorgang/ende")
    for path in ("vorgang/gespraech", "danke"):
        assert (await other.get(f"{URL}/{path}")).headers["location"] == f"{URL}/vorgang"
    assert (await other.get(f"{URL}/vorgang/live")).status_code == 403
    assert (await other.post(TALK, data={"text": "Ich bin es"})).status_code == 403


@pytest.mark.parametrize("with_cookies", [True, False])
@pytest.mark.parametrize("seen", [True, False])
async def test_the_old_form_tells_nobody_the_numbers(client, others, read, with_cookies, seen):
    """Sent again after leaving: here, or in another browser, with all the cookies or none."""
    other, hub = others
    form = await fresh(client, read)
    answer = await client.post(f"{URL}/kontakt", data=form)
    if with_cookies:
        copy(client, other)
    if seen:
        await follow(client, answer)
    await client.post(f"{URL}/vorgang/ende")
    numbers = await hub.rows("select reference from channel_web.inbox")
    for browser in (client, other):
        page = await follow(browser, await browser.post(f"{URL}/kontakt", data=form))
        assert read.number(page, "vorgangsnummer").replace("-", "") != numbers[0]["reference"]
        talk = await follow(browser, await browser.post(TALK, data=form))
        assert numbers[0]["reference"] not in talk.replace("-", "")
    first, *later = await hub.kept()
    assert all(event.content.sender != first.content.sender for event in later)


@pytest.mark.parametrize("path", ["kontakt", "chat", "vorgang/gespraech", "vorgang"])
@pytest.mark.parametrize("where", ["address", "field"])
async def test_a_form_of_a_visit_that_was_left_is_not_shown_again(client, hub, read, path, where):
    """What a browser still has behind Back, to be sent once more, comes back without a word of it."""
    await sent(client, read)
    page = (await client.get(f"{URL}/kontakt")).text
    mark = read.hidden(page, "besuch")[0]
    assert f'action="{URL}/kontakt/{mark}"' in page
    await client.post(f"{URL}/vorgang/ende")
    form = GOOD | {"subject": "", "reference": "938-429-177-007", "secret": "1"}
    form |= {"besuch": mark} if where == "field" or path == "vorgang" else {}
    path += f"/{mark}" if where == "address" and path != "vorgang" else "?lang=en"
    answer = await client.post(f"{URL}/{path}", data=form)
    assert answer.status_code == 410
    assert not any(
        value in answer.text for value in form.values() if len(value) > 1 and value != mark
    )
    assert len(await hub.kept()) == 1


@pytest.mark.parametrize("with_cookies", [True, False])
async def test_digits_sent_once_more_open_nothing_after_leaving(client, hub, read, with_cookies):
    """A text that waited for the digits: the page behind them is one that the browser sent."""
    _, reference, secret = await sent(client, read)
    if with_cookies:
        await hub.rows("update channel_web.session set ends_at = now()")
    else:
        client.cookies.clear()
    page = (await client.post(TALK, data={"text": "Ein langer Text"})).text
    carried = {name: read.hidden(page, name)[0] for name in ("form", "besuch")}
    typed = {"reference": reference, "secret": secret, "text": "Ein langer Text"} | carried
    assert "Ein langer Text" in (await client.post(f"{URL}/vorgang", data=typed)).text
    await client.post(f"{URL}/vorgang/ende")
    again = await client.post(f"{URL}/vorgang", data=typed)
    assert again.status_code == 410
    assert "Ein langer Text" not in again.text
    assert (await client.get(TALK)).headers["location"] == f"{URL}/vorgang"


async def test_discarding_ends_a_visit_that_has_sent_nothing(client, hub, read):
    page = (await client.get(f"{URL}/kontakt")).text
    mark, form = read.hidden(page, "besuch")[0], read.hidden(page, "form")[0]
    await client.post(f"{URL}/vorgang/ende")
    again = GOOD | {"form": form, "besuch": mark}
    assert (await client.post(f"{URL}/kontakt", data=again)).status_code == 410
    assert read.hidden((await client.get(f"{URL}/kontakt")).text, "besuch") != [mark]
    assert await hub.kept() == []


async def test_a_form_of_one_browser_is_another_form_in_the_next(client, other, hub, read):
    form, reference, secret = await sent(client, read)
    page = await follow(other, await other.post(f"{URL}/kontakt", data=form))
    assert read.number(page, "vorgangsnummer") != reference
    assert read.number(page, "geheimzahl") != secret


async def test_a_form_is_gone_after_its_minutes(client, hub, read, portal, monkeypatch):
    form, reference, secret = await sent(client, read)
    monkeypatch.setattr(portal.forms, "_seconds", -1)
    page = await follow(client, await client.post(f"{URL}/kontakt", data=form))
    assert reference not in page
    assert read.number(page, "geheimzahl") != secret


async def test_a_session_cannot_be_renewed_for_ever(client, hub, read):
    await sent(client, read)
    ends = "select ends_at from channel_web.session"
    before = await hub.ask(ends)
    later = "update channel_web.session set seen_at = seen_at - interval '29 minutes'"
    for _ in range(3):
        await hub.rows(later)
        assert (await client.get(TALK)).status_code == 200
    assert await hub.ask(ends) == before
    await hub.rows("update channel_web.session set ends_at = now()")
    assert (await client.get(TALK)).headers["location"] == f"{URL}/vorgang"


async def test_it_ends_idle(client, hub, read):
    await sent(client, read)
    await hub.rows("update channel_web.session set seen_at = now() - interval '31 minutes'")
    assert (await client.get(TALK)).headers["location"] == f"{URL}/vorgang"
    page = await client.get(f"{URL}/vorgang")
    reference = await hub.ask("select reference from channel_web.inbox")
    assert reference not in page.text.replace("-", ""), "the next one at this computer reads it"


async def test_who_opens_an_inbox_has_a_new_cookie(client, other, hub, read):
    """A cookie that somebody planted before is worth nothing afterwards."""
    _, reference, secret = await sent(other, read)
    await client.get(f"{URL}/kontakt")
    planted = copied(client)
    form = {"reference": reference, "secret": secret}
    assert (await client.post(f"{URL}/vorgang", data=form)).headers["location"] == TALK
    assert copied(client)[COOKIE] != planted[COOKIE]
    async with httpx.AsyncClient(
        transport=client._transport, base_url="http://town.example", cookies=planted
    ) as thief:
        assert (await thief.get(TALK)).headers["location"] == f"{URL}/vorgang"


async def test_neither_cookie_nor_table_say_who_or_what(client, hub, read):
    _, reference, secret = await sent(client, read)
    await client.get(TALK)
    rows = str([await hub.rows(f"select * from channel_web.{t}") for t in ("session", "known")])
    said = str(copied(client)) + rows
    for personal in (reference, reference.replace("-", ""), secret.replace(" ", ""), "Erika"):
        assert personal not in said
    for cookie in copied(client).values():
        for token in cookie.split("."):
            assert token not in rows


@pytest.mark.parametrize("cookie", ["", "x", "A" * 31, "A" * 300, "%00", "A" * 32 + ".B"])
async def test_what_is_no_cookie_of_ours_is_none(client, hub, cookie):
    answer = await client.get(TALK, headers={"Cookie": f"{COOKIE}={cookie}"})
    assert answer.headers["location"] == f"{URL}/vorgang"


async def test_another_tenants_cookie_opens_nothing(client, hub, read):
    await sent(client, read)
    headers = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    answer = await client.get("/kleindorf/vorgang/gespraech", headers=headers)
    assert answer.headers["location"] == "/kleindorf/vorgang"


async def test_discarding_a_form_deletes_its_files(client, hub, read):
    form = await fresh(client, read) | {"subject": ""}
    parts = [(name, (None, value)) for name, value in form.items()]
    await client.post(f"{URL}/kontakt", files=[*parts, ("files", ("a.jpg", JPEG))])
    assert await hub.ask("select count(*) from channel_web.unsent") == 1
    await client.post(f"{URL}/vorgang/ende")
    assert await hub.ask("select count(*) from channel_web.unsent") == 0


async def test_every_page_says_that_it_must_not_be_kept(client, hub, read):
    _, reference, _ = await sent(client, read)
    await client.get(f"{URL}/danke")
    for path in ("", "kontakt", "chat", "danke", "vorgang/gespraech", "vorgang/link"):
        answer = await client.get(f"{URL}/{path}")
        assert "no-store" in answer.headers["cache-control"], path
    await client.post(f"{URL}/vorgang/ende")
    wrong = {"reference": reference, "secret": "000000"}
    for path, form in (
        ("vorgang", wrong),
        ("vorgang/link", wrong),
        ("kontakt", {"a": ""}),
        ("chat", wrong),
    ):
        answer = await client.post(f"{URL}/{path}", data=form)
        assert "no-store" in answer.headers["cache-control"], path


async def test_leaving_while_the_database_is_away_says_so(client, hub, read, portal, monkeypatch):
    await sent(client, read)

    async def away(*_: object) -> None:
        raise Temporary("database: away")

    monkeypatch.setattr(portal.sessions, "leave", away)
    answer = await client.post(f"{URL}/vorgang/ende")
    assert answer.status_code == 503
    assert "schließen Sie auch den Browser" in answer.text
    assert COOKIE not in client.cookies
    assert answer.headers["clear-site-data"]


async def test_old_sessions_are_swept(client, hub, read, portal):
    await sent(client, read)
    assert await portal.sessions.sweep("musterstadt") == 0
    await hub.rows("update channel_web.session set ends_at = now() - interval '49 hours'")
    assert await portal.sessions.sweep("musterstadt") == 1
