"""«Answer me by SMS»: a number is confirmed by a one-time code before anything else goes there."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from channel_web.parse.form import read_code, read_mobile
from channel_web.receive.code import LIMITS, TRIES
from conversation_store.link import contact_point_id
from hub_contract.events import MessageRequested
from hub_contract.words import ContactKind, ContactPoint
from hub_kit.testing import eventually
from hub_pages.testing import Loop, check_page, serving

URL = "/musterstadt/vorgang/sms"
MOBILE, WRITTEN, OTHER = "+491715550101", "0171 / 555 01 01", "0171 5550102"
WAIT, MANY = "warten Sie eine Minute", "zu viele Codes"
OVER, WRONG = "gilt nicht mehr", "Dieser Code stimmt nicht"


async def begin(citizen, read) -> None:
    page = (await citizen.get("/musterstadt/kontakt")).text
    fields = {"form": read.hidden(page, "form")[0], "subject": "Hund", "text": "Wau."}
    await citizen.post("/musterstadt/kontakt", files=[(n, (None, v)) for n, v in fields.items()])
    assert URL in (await citizen.get("/musterstadt/danke")).text


async def texts(hub) -> list[str]:
    """Return what went to telephones, in order."""
    events = [one for one in await hub.kept() if isinstance(one, MessageRequested)]
    return [one.content.text for one in events if one.channel == "sms"]


def code_of(text: str) -> str:
    return text.partition("Code ist ")[2][:6]


async def ask(citizen, number=WRITTEN):
    return await citizen.post(URL, data={"number": number})


async def enter(citizen, code):
    return await citizen.post(f"{URL}/code", data={"code": code})


async def older(hub) -> None:
    """Let two minutes pass for the codes that were sent, but for their end."""
    await hub.rows("update channel_web.code set at = at - interval '2 minutes'")


async def opened(town, citizen, read) -> str:
    """Begin in the portal; return the conversation once the store has it."""
    await begin(citizen, read)

    async def there() -> bool:
        return bool(await town.conversations())

    await eventually(there)
    return (await town.conversations())[0]["id"]


async def sms_way(town, home) -> dict:
    ways = (await town.desk("GET", f"/conversations/{home}/ways"))["ways"]
    return next(way for way in ways if way["channel"] == "sms")


async def test_a_confirmed_number_is_how_answers_go(town, citizen, read):
    home = await opened(town, citizen, read)
    answer = await ask(citizen)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{URL}/code")
    assert not (await sms_way(town, home))["offered"], "not before it is confirmed"
    [text] = await texts(town.hub)
    asked = (await citizen.get(f"{URL}/code")).text
    assert WRITTEN not in asked
    assert MOBILE not in asked
    done = await enter(citizen, f"{code_of(text)[:3]} {code_of(text)[3:]}")
    assert "Ihre Nummer ist bestätigt" in done.text

    async def offered() -> bool:
        return (await sms_way(town, home))["preferred"]

    await eventually(offered)
    way = await sms_way(town, home)
    assert (way["address"], way["reason"]["code"], way["account"]) == (MOBILE, "asked_for", "kurz")
    await town.reply(home, "Ja, gern.")
    assert (await texts(town.hub))[-1] == "Ja, gern."
    page = await town.desk("GET", f"/conversations/{home}/entries")
    problems = [entry["problem"] for entry in page["entries"] if "problem" in entry]
    assert problems == [{"code": "number_confirmed", "about": MOBILE}]
    told = (await citizen.get("/musterstadt/vorgang/gespraech")).text
    assert MOBILE not in told, "an entry for agents alone"


async def test_nothing_readable_is_kept_of_code_and_number(town, citizen, read):
    await opened(town, citizen, read)
    await ask(citizen)
    [text] = await texts(town.hub)
    [row] = await town.hub.rows("select * from channel_web.code")
    facts = [str(value) for name, value in row.items() if name not in ("id", "at", "ends_at")]
    assert not any(MOBILE in fact or code_of(text) == fact for fact in facts)
    assert row["code"].startswith("$argon2id$")


async def test_five_tries_and_not_one_more(town, citizen, read):
    await opened(town, citizen, read)
    await ask(citizen)
    right = code_of((await texts(town.hub))[0])
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for _ in range(TRIES):
        answer = await enter(citizen, wrong)
        assert (answer.status_code, WRONG in answer.text) == (422, True)
        assert f'value="{wrong}"' not in answer.text, "a code stands on no page"
    assert OVER in (await enter(citizen, right)).text


async def test_many_tries_at_once_are_five_as_well(town, citizen, read):
    await opened(town, citizen, read)
    await ask(citizen)
    right = code_of((await texts(town.hub))[0])
    wrong = f"{(int(right) + 1) % 10**6:06}"
    answers = await asyncio.gather(*[enter(citizen, wrong) for _ in range(TRIES + 3)])
    assert sum(WRONG in one.text for one in answers) == TRIES


async def test_a_code_is_good_once_and_for_five_minutes_and_only_the_newest(town, citizen, read):
    await opened(town, citizen, read)
    assert OVER in (await enter(citizen, "123456")).text, "none was sent"
    await ask(citizen)
    await older(town.hub)
    await ask(citizen, OTHER)
    first, second = map(code_of, await texts(town.hub))
    if first != second:
        assert WRONG in (await enter(citizen, first)).text
    assert "bestätigt" in (await enter(citizen, second)).text
    assert OVER in (await enter(citizen, second)).text
    await older(town.hub)
    await ask(citizen)
    third = code_of((await texts(town.hub))[-1])
    await town.hub.rows("update channel_web.code set ends_at = now()")
    assert OVER in (await enter(citizen, third)).text


async def test_one_a_minute_and_no_more_than_so_many(town, citizen, read):
    await opened(town, citizen, read)
    most, _ = LIMITS["number"]
    assert (await ask(citizen)).status_code == 303
    again = await ask(citizen, OTHER)
    assert (again.status_code, WAIT in again.text) == (429, True), "of one inbox"
    for _ in range(most - 1):
        await older(town.hub)
        assert (await ask(citizen)).status_code == 303
    await older(town.hub)
    full = await ask(citizen)
    assert (full.status_code, MANY in full.text) == (429, True)
    assert len(await texts(town.hub)) == most
    assert (await ask(citizen, OTHER)).status_code == 303, "another number has its own"


async def test_an_inbox_and_an_address_have_their_limits_too(town, citizen, read):
    await opened(town, citizen, read)
    await ask(citizen)
    for column in ("portal_id", "network"):
        most, _ = LIMITS[column]
        other = "gen_random_uuid()" if column == "network" else "portal_id"
        network = "network" if column == "network" else "''"
        await town.hub.rows(
            f"""insert into channel_web.code
                select gen_random_uuid(), tenant, {other}, '', {network}, '', '', 0,
                  at - interval '2 minutes', ends_at, null
                from channel_web.code, generate_series(1, {most - 1})"""
        )
        await older(town.hub)
        assert MANY in (await ask(citizen, OTHER)).text
        await town.hub.rows("delete from channel_web.code where number = ''")


async def test_who_said_stop_gets_no_code_and_the_page_does_not_tell(town, citizen, read):
    await opened(town, citizen, read)
    point = ContactPoint(kind=ContactKind.PHONE, value=MOBILE)
    lookup = town.hub.ground.ring.lookup_of("musterstadt", point)
    await town.hub.rows(
        "insert into conversation_store.opted_out values ('musterstadt', $1, 'sms', now())",
        contact_point_id(lookup),
    )
    assert (await ask(citizen)).headers["location"] == f"{URL}/code"
    assert await texts(town.hub) == []


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_one_time_link_goes_to_no_number_that_said_stop(town, citizen, read, stopped):
    home = await opened(town, citizen, read)
    await ask(citizen)
    await enter(citizen, code_of((await texts(town.hub))[0]))

    async def offered() -> bool:
        return (await sms_way(town, home))["offered"]

    await eventually(offered)
    # As if she had named it with her first message: then it is her own.
    await town.hub.rows(
        """update conversation_store.participant p set at = o.at
           from conversation_store.participant o where o.channel = 'web'"""
    )
    if stopped:
        point = ContactPoint(kind=ContactKind.PHONE, value=MOBILE)
        lookup = town.hub.ground.ring.lookup_of("musterstadt", point)
        await town.hub.rows(
            "insert into conversation_store.opted_out values ('musterstadt', $1, 'sms', now())",
            contact_point_id(lookup),
        )
    reference = (await town.conversations())[0]["reference"]
    await citizen.post("/musterstadt/vorgang/link", data={"reference": reference})
    sent = await texts(town.hub)
    assert any("/vorgang/freigabe/" in text for text in sent) is not stopped


async def test_only_who_has_opened_an_inbox_asks_and_only_where_sms_go(client):
    for method in ("GET", "POST"):
        for path in (URL, f"{URL}/code"):
            answer = await client.request(method, path, data={"number": "1"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/musterstadt/vorgang")
            elsewhere = path.replace("musterstadt", "kleindorf")
            assert (
                await client.request(method, elsewhere, data={"number": "1"})
            ).status_code == 404


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (WRITTEN, MOBILE),
        ("+49 171 5550101", MOBILE),
        ("0049 171 5550101", MOBILE),
        ("", "number_missing"),
        ("\u200b", "number_missing"),
        ("115", "number_wrong"),
        ("0711 1230", "number_wrong"),
        ("0900 1234567", "number_wrong"),
        ("+1 212 555 0101", "number_wrong"),
        ("+43 664 1234567", "number_wrong"),
        ("anonym", "number_wrong"),
        ("0171 5550101;ext=1", "number_wrong"),
        ("0171 5550101 / 0171 5550102", "number_wrong"),
        ("9" * 5000, "number_wrong"),
    ],
)
def test_a_number(written, found):
    number, faults = read_mobile({"number": written}, "DE")
    assert (number or faults[0].code) == found


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("123456", ""),
        (" 123-456 ", ""),
        ("12 34 56", ""),
        ("", "code_missing"),
        ("12345", "code_digits"),
        ("1234567", "code_digits"),
        ("12345a", "code_digits"),
        ("١٢٣٤٥٦", "code_digits"),
    ],
)
def test_a_code(written, fault):
    _, faults = read_code({"code": written})
    assert [one.code for one in faults] == ([fault] if fault else [])


async def test_what_is_wrong_is_said_beside_the_field(town, citizen, read):
    await opened(town, citizen, read)
    answer = await ask(citizen, "0711 1230")
    assert answer.status_code == 422
    assert "Handynummer aus diesem Land" in read.said(answer.text, "number")
    assert 'value="0711 1230"' in answer.text, "what was typed is still there"
    answer = await enter(citizen, "12")
    assert "sechs Ziffern" in read.said(answer.text, "code")


@pytest.fixture
def here(open_town) -> Iterator[tuple]:
    loop, opened = Loop(), open_town()
    town = loop.run(opened.__aenter__())
    with serving(town.door, loop) as base:
        yield loop, town, f"{base}/musterstadt"
    loop.run(opened.__aexit__(None, None, None))
    loop.close()


@pytest.mark.real("chromium")
@pytest.mark.parametrize(("locale", "done"), [("de-DE", "bestätigt"), ("en-GB", "confirmed")])
def test_the_pages_are_for_everybody(here, visit, locale, done):
    """Without JavaScript, by keyboard alone, in both languages."""
    loop, town, address = here
    page = visit(f"{address}/kontakt", locale=locale, java_script_enabled=False)
    page.locator("#subject").fill("Hund")
    page.locator("#text").fill("Wau.")
    page.locator("main form button").first.click()
    page.goto(f"{address}/vorgang/sms")
    page.locator("#number").fill("0711 1230")
    page.keyboard.press("Enter")
    expect(page.locator("#number-error")).to_be_visible()
    page.locator("#number").fill(WRITTEN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/vorgang/sms/code")
    [text] = loop.run(texts(town.hub))
    words = {"de": "Code ist ", "en": "code is "}[locale[:2]]
    page.locator("#code").fill(text.partition(words)[2][:6])
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(done)


@pytest.mark.real("chromium")
@pytest.mark.parametrize("locale", ["de-DE", "en-GB"])
def test_axe_finds_nothing(here, visit, locale):
    _, _, address = here
    page = visit(f"{address}/kontakt", locale=locale)
    page.locator("#subject").fill("Hund")
    page.locator("#text").fill("Wau.")
    with page.expect_navigation():
        page.locator("main form button").first.click()
    for path, field in (("/vorgang/sms", "#number"), ("/vorgang/sms/code", "#code")):
        page.goto(address + path)
        check_page(page)
        with page.expect_navigation():
            page.locator("main form button").first.click()
        expect(page.locator(f"{field}-error")).to_be_visible()
        check_page(page)
