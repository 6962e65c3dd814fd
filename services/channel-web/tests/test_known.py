"""A lock that strangers have closed: who passes it, by what, how often, and at which odds."""

import re

import httpx
import pytest
from pydantic import ValidationError

from channel_web.parse import Inbox
from channel_web.receive.block import DAY, Blocks, limits_of
from channel_web.receive.known import COOKIE, MOST, Way
from channel_web.settings import SECRETS, Tries, WebSettings
from hub_contract.references import make_channel_reference, show_reference
from hub_kit.testing import eventually

URL = "/musterstadt"
TALK = f"{URL}/vorgang/gespraech"
GOOD = {"subject": "Hundesteuer", "text": "Ich habe einen Hund."}
BY_MAIL = {"answer": "email", "email": "erika@mail.example"}
LIMITS = limits_of(Tries())


@pytest.mark.parametrize(
    "tries",
    [
        Tries(),
        Tries(day=1),
        Tries(hour=1000, day=20),
        Tries(day=28, known_day=1, link_day=1),
    ],
)
def test_a_year_of_patience_is_worth_hardly_more_than_one_percent(tries):
    """All that limits let through in 366 days, by every way, against a million secrets."""
    limits = limits_of(tries)
    ways = [way for way in limits if way != "address"]
    assert {*ways} == {*Way}
    a_day = sum(min(limit.most * (DAY / limit.within) for limit in limits[way]) for way in ways)
    assert SECRETS == 10**6
    assert 366 * a_day / SECRETS <= 0.011
    assert tries.odds <= 0.011


@pytest.mark.parametrize(
    "tries", [{"day": 30}, {"known_day": 10}, {"link_day": 6}, {"day": 29, "known_day": 1}]
)
def test_settings_that_would_give_better_odds_are_refused(tries):
    with pytest.raises(ValidationError, match="together at most 30; lower one"):
        WebSettings(tries=tries)


@pytest.fixture
def blocks(hub):
    return Blocks(hub.ground.pool, hub.ground.ring, Tries())


@pytest.mark.parametrize("way", [Way.KNOWN, Way.LINK])
async def test_each_way_has_a_share_of_its_own(blocks, way):
    async def tried(*ways: Way, address: str) -> int:
        tries = [await blocks.begin("musterstadt", "1", address, ways) for _ in range(40)]
        return sum(not one.shut_until for one in tries)

    assert await tried(Way.ANYBODY, address="203.0.113.7") == Tries().hour
    assert await tried(way, address="203.0.113.7") == LIMITS[way][0].most
    assert await tried(way, Way.ANYBODY, address="198.51.100.1") == 0


async def test_who_has_used_up_her_own_share_may_still_try_as_anybody(blocks):
    ways = (Way.LINK, Way.KNOWN, Way.ANYBODY)
    tries = [await blocks.begin("musterstadt", "1", "203.0.113.7", ways) for _ in range(40)]
    assert sum(not one.shut_until for one in tries) == 5 + 5 + 10


async def browser(door) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(door)
    return httpx.AsyncClient(transport=transport, base_url="http://town.example")


@pytest.fixture
async def guesser(town):
    async with await browser(town.door) as guesser:
        yield guesser


async def begin(citizen, read, **more) -> dict[str, str]:
    """Send the contact form; return number and digits as one types them."""
    page = (await citizen.get(f"{URL}/kontakt")).text
    form = {"form": read.hidden(page, "form")[0]} | GOOD | more
    await citizen.post(f"{URL}/kontakt", data=form)
    page = (await citizen.get(f"{URL}/danke")).text
    secret = read.number(page, "geheimzahl").replace(" ", "")
    return {"reference": read.number(page, "vorgangsnummer"), "secret": secret}


async def shut(guesser, reference: str, read, secret: str = "") -> None:
    """Guess until nobody is let in any more, at the citizen's own address."""
    wrong = {"reference": reference, "secret": f"{(int(secret or 0) + 1) % 10**6:06}"}
    for _ in range(Tries().hour):
        await guesser.post(f"{URL}/vorgang", data=wrong)
    assert (await guesser.post(f"{URL}/vorgang", data=wrong)).status_code == 429


async def test_a_browser_that_opened_it_before_passes_the_lock(town, citizen, guesser, read):
    numbers = await begin(citizen, read)
    await citizen.post(f"{URL}/vorgang/ende")
    await shut(guesser, read=read, **numbers)
    assert (await guesser.post(f"{URL}/vorgang", data=numbers)).status_code == 429
    assert (await citizen.post(f"{URL}/vorgang", data=numbers)).headers["location"] == TALK


async def test_the_cookie_lasts_says_nothing_and_opens_nothing(town, citizen, guesser, read):
    numbers = await begin(citizen, read)
    other = await begin(guesser, read)
    await citizen.post(f"{URL}/vorgang/ende")
    assert (await citizen.get(TALK)).headers["location"] == f"{URL}/vorgang"
    said = await citizen.post(f"{URL}/vorgang", data=numbers)
    [cookie] = [one for one in said.headers.get_list("set-cookie") if one.startswith(COOKIE)]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert f"Max-Age={365 * 24 * 3600}" in cookie
    await citizen.post(f"{URL}/vorgang/ende")
    guesser.cookies.clear()
    await shut(guesser, read=read, **other)
    answer = await citizen.post(f"{URL}/vorgang", data=other)
    assert answer.status_code == 429, "known is a browser for what it opened, and for no other"


async def test_a_guesser_at_a_known_browser_has_few_tries(town, citizen, guesser, read):
    numbers = await begin(citizen, read)
    await citizen.post(f"{URL}/vorgang/ende")
    await shut(guesser, read=read, **numbers)
    wrong = numbers | {"secret": f"{(int(numbers['secret']) + 1) % 10**6:06}"}
    said = [(await citizen.post(f"{URL}/vorgang", data=wrong)).status_code for _ in range(7)]
    assert said == [403] * 4 + [429] * 3


async def test_an_inbox_knows_so_many_browsers(town, citizen, read):
    await begin(citizen, read)
    inbox = await town.hub.rows("select portal_id, reference from channel_web.inbox")
    known, found = town.portal.known, inbox[0]
    for _ in range(MOST + 3):
        await known.remember("musterstadt", "", Inbox(found["portal_id"], found["reference"]))
    assert await town.hub.ask("select count(*) from channel_web.known") == MOST
    await town.hub.rows("update channel_web.known set at = now() - interval '366 days'")
    assert await known.sweep("musterstadt") == MOST


async def mails(town) -> list:
    """Return the links that were handed to a channel, opened."""
    events = await town.hub.kept()
    return [event for event in events if event.type == "message.requested"]


async def ask_for_link(browser, reference: str) -> str:
    answer = await browser.post(f"{URL}/vorgang/link", data={"reference": reference})
    assert answer.status_code == 200
    return answer.text


async def stored(town, many: int = 1) -> None:
    async def there() -> bool:
        return len(await town.conversations()) == many

    await eventually(there)


def path_in(mail) -> str:
    found = re.search(r"http://town\.example(/musterstadt/vorgang/freigabe/\S+)", mail.content.text)
    assert found
    return found[1]


async def test_a_link_to_the_known_mailbox_passes_the_lock(town, citizen, guesser, read):
    numbers = await begin(citizen, read, **BY_MAIL)
    await stored(town)
    await shut(guesser, read=read, **numbers)
    citizen.cookies.clear()
    assert (await citizen.post(f"{URL}/vorgang", data=numbers)).status_code == 429
    await ask_for_link(citizen, numbers["reference"])
    [mail] = await mails(town)
    assert (mail.channel, mail.account, mail.automatic) == ("email", "post", True)
    assert mail.content.recipient.value == BY_MAIL["email"]
    assert mail.expires_at > mail.requested_at
    assert numbers["secret"] not in mail.content.text
    for _ in range(3):  # programs that look at mails
        assert "Weiter zur Geheimzahl" in (await guesser.get(path_in(mail))).text
    page = (await citizen.post(path_in(mail))).text
    assert numbers["reference"] in page
    assert (await citizen.post(f"{URL}/vorgang", data=numbers)).headers["location"] == TALK
    assert (await guesser.post(f"{URL}/vorgang", data=numbers)).status_code == 429


async def test_it_is_used_once_and_the_others_with_it(town, citizen, guesser, read):
    numbers = await begin(citizen, read, **BY_MAIL)
    await stored(town)
    for _ in range(5):
        await ask_for_link(guesser, numbers["reference"])
    first, second, third = await mails(town)
    assert (await citizen.post(path_in(second))).status_code == 200
    for mail in (second, first, third):
        assert (await guesser.post(path_in(mail))).status_code == 410
    assert (await guesser.post(f"{URL}/vorgang/freigabe/x")).status_code == 410


async def test_it_ends_soon(town, citizen, read):
    numbers = await begin(citizen, read, **BY_MAIL)
    await stored(town)
    await ask_for_link(citizen, numbers["reference"])
    [mail] = await mails(town)
    await town.hub.rows("update channel_web.link set ends_at = now()")
    assert (await citizen.post(path_in(mail))).status_code == 410


async def test_the_page_says_the_same_of_every_number(town, citizen, guesser, read):
    known = await begin(citizen, read, **BY_MAIL)
    unreachable = await begin(guesser, read)
    await stored(town, 2)
    nobody = show_reference(make_channel_reference())
    pages = [
        await ask_for_link(guesser, one)
        for one in (known["reference"], unreachable["reference"], nobody, known["reference"])
    ]
    assert len({*pages}) == 1
    assert len(await mails(town)) == 2


async def test_no_stranger_gets_one_who_is_confirmed_later(town, citizen, read):
    """Only whom she named herself, with her first message, or who is known to be the same person."""
    numbers = await begin(citizen, read, **BY_MAIL)
    await stored(town)
    await town.hub.rows(
        "update conversation_store.participant set at = at + interval '1 day' where channel = 'email'"
    )
    await ask_for_link(citizen, numbers["reference"])
    assert await mails(town) == []


async def test_neither_link_nor_number_stand_anywhere_readable(town, citizen, read):
    numbers = await begin(citizen, read, **BY_MAIL)
    await stored(town)
    await ask_for_link(citizen, numbers["reference"])
    [mail] = await mails(town)
    token = path_in(mail).rpartition("/")[2]
    rows = str(
        [
            *await town.hub.rows("select * from channel_web.link"),
            *await town.hub.rows("select * from hub.event_log"),
        ]
    )
    assert token not in rows
    assert "erika@mail.example" not in rows
    entries = await town.desk("GET", f"/conversations/{mail.conversation_id}/entries")
    assert token not in str(entries), "who reads the timeline does not find it"


async def test_while_the_store_is_away_the_page_says_the_same(client, hub, read):
    numbers = await begin(client, read)
    assert "Wenn wir" in await ask_for_link(client, numbers["reference"])


@pytest.mark.parametrize("typed", ["", "123", "938-429-177-008"])
async def test_a_slip_of_the_pen_is_told(client, hub, read, typed):
    page = await client.post(f"{URL}/vorgang/link", data={"reference": typed})
    assert page.status_code == 422
    assert read.said(page.text, "reference")
