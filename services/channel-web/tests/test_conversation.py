"""The whole way: a form, one timeline, an answer, the citizen's reply; and who may read it."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from channel_web.receive.session import COOKIE
from conversation_store.erase import erase
from hub_contract.references import make_channel_reference, show_reference
from hub_kit.testing import eventually
from hub_pages.times import BERLIN

URL = "/musterstadt"
TALK = f"{URL}/vorgang/gespraech"
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def begin(citizen, read, text="Ich habe einen Hund.", files=(), **more) -> tuple[str, str]:
    """Send the contact form; return reference and secret."""
    page = (await citizen.get(f"{URL}/kontakt")).text
    fields = {"form": read.hidden(page, "form")[0], "subject": "Hundesteuer", "text": text, **more}
    parts = [(name, (None, value)) for name, value in fields.items()]
    await citizen.post(f"{URL}/kontakt", files=[*parts, *(("files", file) for file in files)])
    page = (await citizen.get(f"{URL}/danke")).text
    return read.number(page, "vorgangsnummer"), read.number(page, "geheimzahl")


async def say(citizen, read, text, *files, path=TALK):
    page = (await citizen.get(TALK)).text
    parts = [("form", (None, read.hidden(page, "form")[0])), ("text", (None, text))]
    return await citizen.post(path, files=[*parts, *(("files", file) for file in files)])


async def the_conversation(town) -> dict:
    async def one() -> bool:
        return bool(await town.conversations())

    await eventually(one)
    [conversation] = await town.conversations()
    return conversation


async def until_shown(citizen, text) -> str:
    async def shown() -> bool:
        return text in (await citizen.get(TALK)).text

    await eventually(shown)
    return (await citizen.get(TALK)).text


async def test_form_answer_and_reply_are_one_conversation(town, citizen, read):
    reference, _ = await begin(citizen, read, name="Erika Mustermann")
    conversation = await the_conversation(town)
    assert conversation["reference"] == reference, "the number on the slip is the one agents see"
    page = (await citizen.get(TALK)).text
    assert "Ich habe einen Hund." in page
    assert "Ihre Nachricht ist bei uns." in page
    await town.reply(conversation["id"], "Bitte senden Sie ein Foto.", author_name="Petra Amt")
    page = await until_shown(citizen, "Bitte senden Sie ein Foto.")
    assert "Wir haben Ihnen geantwortet." in page
    answer = await say(citizen, read, "Hier ist es.", ("hund.jpg", JPEG))
    assert answer.status_code == 303
    page = (await citizen.get(answer.headers["location"])).text
    assert "Ihre Nachricht ist angekommen" in page
    assert "hund.jpg" in page
    [conversation] = await town.conversations()
    assert conversation["entries"] == 3
    entries = (await town.desk("GET", f"/conversations/{conversation['id']}/entries"))["entries"]
    assert [e["direction"] for e in entries] == ["in", "out", "in"]
    assert all(e.get("verified", True) for e in entries)
    assert {e["person"]["name"] for e in entries} == {"Erika Mustermann"}, "said once is enough"


async def test_what_she_has_read_is_reported(town, citizen, read):
    await begin(citizen, read)
    conversation = await the_conversation(town)
    entry = await town.reply(conversation["id"], "Guten Tag")
    word = "select delivery from conversation_store.entry where id = $1"

    async def is_delivered() -> bool:
        return await town.hub.ask(word, entry) == "delivered"

    async def is_read() -> bool:
        return await town.hub.ask(word, entry) == "read"

    await eventually(is_delivered)
    await citizen.get(TALK)
    await eventually(is_read)


async def test_the_way_back_needs_both_numbers(town, citizen, read):
    reference, secret = await begin(citizen, read)
    await the_conversation(town)
    citizen.cookies.clear()
    assert (await citizen.get(TALK)).headers["location"] == f"{URL}/vorgang"
    assert (await citizen.get(f"{URL}/danke")).headers["location"] == f"{URL}/vorgang"
    for written in (reference, reference.replace("-", " "), reference.replace("-", "")):
        citizen.cookies.clear()
        form = {"reference": written, "secret": secret}
        answer = await citizen.post(f"{URL}/vorgang", data=form)
        assert answer.headers["location"] == TALK
        page = (await citizen.get(TALK)).text
        assert "Ich habe einen Hund." in page
        assert "geheimzahl" not in page, "the secret is shown once, on the slip"


async def test_wrong_and_unknown_get_the_same_answer(town, citizen, read):
    reference, secret = await begin(citizen, read)
    citizen.cookies.clear()
    wrong = f"{(int(secret.replace(' ', '')) + 1) % 10**6:06}"
    pages = []
    for one in (reference, show_reference(make_channel_reference())):
        form = {"reference": one, "secret": wrong}
        answer = await citizen.post(f"{URL}/vorgang", data=form)
        assert answer.status_code == 403
        pages.append(answer.text.replace(one, "N"))
    assert "passen nicht zusammen" in pages[0]
    assert pages[0] == pages[1]
    assert COOKIE not in citizen.cookies


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (("938-429-177-008", "123456"), ("reference", "stimmt eine Ziffer nicht")),
        (("", "123456"), ("reference", "zwölf Ziffern")),
        (("12345", "123456"), ("reference", "hat zwölf Ziffern")),
        (("938-429-177-0077", "123456"), ("reference", "hat zwölf Ziffern")),
        (("938-429-177-007", ""), ("secret", "sechs Ziffern")),
        (("938-429-177-007", "12345"), ("secret", "sechs Ziffern")),
        (("938-429-177-007", "abcdef"), ("secret", "sechs Ziffern")),
    ],
)
async def test_a_slip_of_the_pen_is_told_and_counted_nowhere(client, hub, read, typed, says):
    form = dict(zip(("reference", "secret"), typed, strict=True))
    answer = await client.post(f"{URL}/vorgang", data=form)
    assert answer.status_code == 422
    assert says[1] in read.said(answer.text, says[0])
    assert await hub.ask("select count(*) from channel_web.failure") == 0


async def test_ten_wrong_ones_shut_kindly_and_the_agent_reads_of_it(town, citizen, read):
    reference, secret = await begin(citizen, read)
    conversation = await the_conversation(town)
    citizen.cookies.clear()
    wrong = {"reference": reference, "secret": f"{(int(secret.replace(' ', '')) + 1) % 10**6:06}"}
    statuses = [(await citizen.post(f"{URL}/vorgang", data=wrong)).status_code for _ in range(11)]
    assert statuses == [403] * 9 + [429] * 2
    right = {"reference": reference, "secret": secret}
    answer = await citizen.post(f"{URL}/vorgang", data=right)
    assert answer.status_code == 429
    assert "vorerst gesperrt" in answer.text
    assert "Es ist nichts verloren gegangen" in answer.text
    assert 3000 < int(answer.headers["retry-after"]) <= 3600

    async def told() -> bool:
        [conversation] = await town.conversations()
        return conversation["entries"] == 2

    await eventually(told)
    entries = (await town.desk("GET", f"/conversations/{conversation['id']}/entries"))["entries"]
    [note] = [entry for entry in entries if entry["kind"] == "note"]
    blocked = note["problem"]
    assert blocked["code"] == "access_blocked"
    soonest = datetime.now(UTC) + timedelta(minutes=50)  # the first try was a while ago
    minutes = [soonest + timedelta(minutes=n) for n in range(11)]
    assert blocked["about"] in [f"{one.astimezone(BERLIN):%Y-%m-%d %H:%M}" for one in minutes]
    await town.hub.rows("update channel_web.failure set at = at - interval '61 minutes'")
    assert (await citizen.post(f"{URL}/vorgang", data=right)).status_code == 303
    assert (await citizen.get(TALK)).text.count("<article") == 1, "the note is for agents"


async def test_a_session_that_ended_while_typing_keeps_text_and_files(
    town, citizen, read, monkeypatch
):
    _, secret = await begin(citizen, read)
    await the_conversation(town)
    form = read.hidden((await citizen.get(TALK)).text, "form")[0]
    later = datetime.now(UTC) + timedelta(minutes=31)
    clock = type("Later", (datetime,), {"now": classmethod(lambda cls, tz=None: later)})
    with monkeypatch.context() as patch:
        patch.setattr("channel_web.receive.session.datetime", clock)
        parts = [("form", (None, form)), ("text", (None, "Ein langer <b>Text</b>"))]
        answer = await citizen.post(TALK, files=[*parts, ("files", ("hund.jpg", JPEG))])
        assert answer.status_code == 403
        page = answer.text
        assert "Ihr Text ist noch da" in page
        assert "Ein langer &lt;b&gt;Text&lt;/b&gt;" in page
        assert "Ihre Datei ist noch da." in page
    reference = page.split('name="reference"')[1].split('value="')[1].split('"')[0]
    carried = {"form": read.hidden(page, "form")[0], "kept": read.hidden(page, "kept")}
    again = {"reference": reference, "text": "Ein langer <b>Text</b>", "secret": secret, **carried}
    page = (await citizen.post(f"{URL}/vorgang", data=again)).text
    assert "Er ist noch nicht gesendet" in page
    assert "Ein langer &lt;b&gt;Text&lt;/b&gt;" in page
    assert "»hund.jpg« nicht mitschicken" in page
    fields = {"form": read.hidden(page, "form")[0], "text": "Ein langer <b>Text</b>"}
    parts = [(name, (None, value)) for name, value in fields.items()]
    kept = [("kept", (None, read.hidden(page, "kept")[0]))]
    assert (await citizen.post(TALK, files=[*parts, *kept])).status_code == 303
    page = await until_shown(citizen, "Ein langer &lt;b&gt;Text&lt;/b&gt;")
    assert "hund.jpg" in page


async def test_files_of_both_come_down_and_run_nowhere(town, citizen, read):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    await begin(citizen, read, files=[("hund.jpg", JPEG)])
    conversation = await the_conversation(town)
    files = [
        {"file_name": "bild.svg", "media_type": "image/svg+xml", "data": encoded(svg)},
        {"file_name": "seite.html", "media_type": "text/html", "data": encoded(b"<script>")},
    ]
    entry = await town.reply(conversation["id"], "Anbei", attachments=files)
    page = await until_shown(citizen, "bild.svg")
    own = page.split("/vorgang/anhang/")[1].split('"')[0]
    answer = await citizen.get(f"{URL}/vorgang/anhang/{own}")
    assert (answer.content, answer.headers["content-type"]) == (JPEG, "image/jpeg")
    for number, data in enumerate((svg, b"<script>")):
        answer = await citizen.get(f"{URL}/vorgang/anhang/{entry}/{number}")
        assert answer.content == data
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
    await erase(town.store.state.store.ground, "musterstadt", UUID(entry))
    answer = await citizen.get(f"{URL}/vorgang/anhang/{entry}/0", headers={"Accept": "text/html"})
    assert (answer.status_code, "Diese Seite gibt es nicht" in answer.text) == (404, True)


async def test_nobody_reads_another_ones(town, citizen, read):
    await begin(citizen, read, text="Mein Geheimnis", files=[("hund.jpg", JPEG)])
    await the_conversation(town)
    mine = await until_shown(citizen, "hund.jpg")
    file = mine.split("/vorgang/anhang/")[1].split('"')[0]
    entry = file.split("/")[0]
    cookies = dict(citizen.cookies)
    citizen.cookies.clear()
    await begin(citizen, read, text="Ich bin jemand anders")
    for path in (f"anhang/{file}", f"nachricht/{entry}", f"anhang/{uuid4()}/0"):
        answer = await citizen.get(f"{URL}/vorgang/{path}")
        assert answer.status_code == 404
        assert "Mein Geheimnis" not in answer.text
    assert "Mein Geheimnis" not in (await citizen.get(TALK)).text
    citizen.cookies.clear()
    elsewhere = {"Cookie": f"{COOKIE}={cookies[COOKIE]}"}
    answer = await citizen.get("/kleindorf/vorgang/gespraech", headers=elsewhere)
    assert answer.headers["location"] == "/kleindorf/vorgang"


async def test_a_stranger_who_knows_the_number_discloses_and_learns_nothing(town, citizen, read):
    """A number routes and opens nothing: her words are marked, and the citizen does not see them."""
    reference, _ = await begin(citizen, read)
    await the_conversation(town)
    citizen.cookies.clear()
    text = f"Zu {reference}: bitte alles an mich"
    await begin(citizen, read, text=text)

    async def two() -> bool:
        return len(await town.conversations()) == 2

    await eventually(two)
    assert "Ich habe einen Hund." not in (await citizen.get(TALK)).text


async def test_whoever_asked_for_mail_is_answered_by_mail(town, citizen, read):
    await begin(citizen, read, answer="email", email="erika@mail.example", name="Erika")
    conversation = await the_conversation(town)
    shown = await town.desk("GET", f"/conversations/{conversation['id']}/ways")
    [preferred] = [way for way in shown["ways"] if way["preferred"]]
    assert (preferred["channel"], preferred["address"]) == ("email", "erika@mail.example")
    web = [way for way in shown["ways"] if way["channel"] == "web"]
    assert [way["offered"] for way in web] == [True]


async def test_where_nobody_sends_mail_nobody_is_asked_for_an_address(client, read):
    page = (await client.get("/kleindorf/kontakt")).text
    assert 'name="email"' not in page
    assert 'name="answer"' not in page
    assert 'name="email"' in (await client.get(f"{URL}/kontakt")).text


async def test_leaving_closes_the_door(town, citizen, read):
    await begin(citizen, read)
    answer = await citizen.post(f"{URL}/vorgang/ende")
    assert "geschlossen" in answer.text
    assert (await citizen.get(TALK)).headers["location"] == f"{URL}/vorgang"


async def test_without_the_store_one_can_still_write(client, hub, read):
    await begin(client, read)
    page = (await client.get(TALK)).text
    assert "lässt sich gerade nicht anzeigen" in page
    answer = await say(client, read, "Noch etwas")
    assert answer.status_code == 303
    assert [event.content.body.text for event in await hub.kept()][-1] == "Noch etwas"


async def test_a_double_click_in_the_conversation_sends_once(client, hub, read):
    await begin(client, read)
    form = read.hidden((await client.get(TALK)).text, "form")[0]
    for _ in range(2):
        await client.post(TALK, data={"form": form, "text": "Danke"})
    assert len(await hub.kept()) == 2


@pytest.mark.parametrize(
    ("parts", "field", "says"),
    [
        ([("text", (None, " "))], "text", "Bitte schreiben Sie uns"),
        ([("files", ("a.exe", b"MZ\x90\x00"))], "files", "können wir nicht annehmen"),
    ],
)
async def test_what_is_wrong_in_an_answer_is_told(client, read, parts, field, says):
    await begin(client, read)
    answer = await client.post(TALK, files=parts)
    assert answer.status_code == 422
    assert says in read.said(answer.text, field)
    accept = {"Accept": "text/vnd.faden.piece+html"}
    piece = await client.post(TALK, files=parts, headers=accept)
    assert piece.status_code == 422
    assert "<main" not in piece.text
    assert says in read.said(piece.text, field)


async def test_our_script_gets_the_composer_alone_or_is_told_that_the_session_ended(client, read):
    await begin(client, read)
    accept = {"Accept": "text/vnd.faden.piece+html"}
    form = read.hidden((await client.get(TALK)).text, "form")[0]
    answer = await client.post(TALK, data={"form": form, "text": "Danke"}, headers=accept)
    assert answer.status_code == 200
    assert "<main" not in answer.text
    assert read.hidden(answer.text, "form") != [form], "the next message is another one"
    client.cookies.clear()
    answer = await client.post(TALK, data={"form": form, "text": "Danke"}, headers=accept)
    assert answer.status_code == 401


async def test_her_fax_is_seen_as_it_came_and_as_it_was_read(town, citizen, read):
    await begin(citizen, read)
    conversation = await the_conversation(town)
    fax = await town.fax(conversation, 2)
    page = await until_shown(citizen, "Wir lesen die Seiten gerade ein.")
    await town.read()
    page = await until_shown(citizen, "2 Seiten ansehen")
    assert "Maschinell gelesen. Es gilt, was in Ihrem Schreiben steht." in page
    assert "Mein Hund &lt;b&gt;ist&lt;/b&gt; fort." in page
    assert "von uns gemacht, nicht das Original" in page
    whole = (await citizen.get(f"{URL}/vorgang/nachricht/{fax}")).text
    assert "Diese Seite ist leer." in whole
    at = f"{URL}/vorgang/seite/{fax}"
    assert f"{at}/1/large" in whole
    picture = await citizen.get(f"{at}/1/large")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/webp")
    assert picture.headers["content-disposition"].startswith("inline")
    for missing in (f"{at}/3/large", f"{at}/0/large", f"{URL}/vorgang/seite/{uuid4()}/1/large"):
        assert (await citizen.get(missing)).status_code == 404
