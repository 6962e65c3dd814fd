"""The contact form: sent, sent twice, sent wrong, sent while we cannot take it."""

import asyncio
import html
import re
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from channel_web.app import add_pages
from hub_contract.errors import Temporary
from hub_contract.references import is_channel_reference, normalise_reference
from hub_kit.tokens import Caller

URL = "/musterstadt/kontakt"
GOOD = {"subject": "Hundesteuer", "text": "Ich habe einen Hund.", "name": "Erika Mustermann"}
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
NO_FILE = ("files", ("", b"", "application/octet-stream"))  # as a browser sends an empty field


async def fresh(client, read, url=URL) -> dict:
    page = (await client.get(url)).text
    return {"form": read.hidden(page, "form")[0], "answer": "here"}


async def send(client, fields, *files):
    """Send the form as a browser does: every field a part, the files last."""
    parts = [(name, (None, value)) for name, values in fields.items() for value in _all(values)]
    return await client.post(URL, files=[*parts, *(files or (NO_FILE,))])


def _all(values) -> list:
    return values if isinstance(values, list) else [values]


async def test_a_good_form_becomes_a_message_and_a_slip(client, hub, read):
    answer = await send(client, await fresh(client, read) | GOOD, ("files", ("hund.jpg", JPEG)))
    assert (answer.status_code, answer.headers["location"]) == (303, "/musterstadt/danke")
    page = (await client.get("/musterstadt/danke")).text
    reference = normalise_reference(read.number(page, "vorgangsnummer"))
    secret = read.number(page, "geheimzahl").replace(" ", "")
    assert reference is not None
    assert is_channel_reference(reference)
    assert len(secret) == 6
    [event] = await hub.kept()
    assert (event.channel, event.kind, event.tenant) == ("web", "form", "musterstadt")
    assert event.content.reference == reference
    assert event.content.body.text == GOOD["text"]
    assert [a.file_name for a in event.content.attachments] == ["hund.jpg"]
    assert UUID(event.content.sender.value)
    assert event.content.language == "de"


async def test_numbers_and_words_stand_in_no_address_or_header(client, read):
    answer = await send(client, await fresh(client, read) | GOOD)
    page = (await client.get("/musterstadt/danke")).text
    headers = str(answer.headers)
    for number in ("vorgangsnummer", "geheimzahl"):
        assert read.number(page, number) not in headers
        assert read.number(page, number).replace("-", "").replace(" ", "") not in headers
    assert "no-store" in (await client.get("/musterstadt/danke")).headers["cache-control"]


async def test_a_double_click_sends_once(client, hub, read):
    fields = await fresh(client, read) | GOOD
    for _ in range(2):
        assert (await send(client, fields)).headers["location"] == "/musterstadt/danke"
    page = (await client.get("/musterstadt/danke")).text
    assert len(await hub.kept()) == 1
    assert len(read.number(page, "geheimzahl")) == 7


async def test_the_secret_is_shown_once(client, hub, read):
    """Reloaded, sent again, or looked for in the conversation: it is said that it was shown."""
    fields = await fresh(client, read) | GOOD
    await send(client, fields)
    assert (await client.head("/musterstadt/danke")).status_code == 200  # shown to nobody
    secret = read.number((await client.get("/musterstadt/danke")).text, "geheimzahl")
    again = await send(client, fields)
    talk = await client.get("/musterstadt/vorgang/gespraech")
    for page in (again, talk, *[await client.get("/musterstadt/danke") for _ in range(2)]):
        assert secret not in page.text
        assert 'geheimzahl"' not in page.text
    assert "haben wir schon gezeigt" in (await client.get("/musterstadt/danke")).text
    assert len(await hub.kept()) == 1


async def test_a_chat_shows_it_on_its_first_page_and_there_alone(client, hub, read):
    fields = await fresh(client, read, "/musterstadt/chat") | {"text": "Haben Sie offen?"}
    answer = await client.post("/musterstadt/chat", data=fields)
    first = (await client.get(answer.headers["location"])).text
    assert read.number(first, "geheimzahl")
    for path in ("vorgang/gespraech", "danke"):
        assert 'geheimzahl"' not in (await client.get(f"/musterstadt/{path}")).text


async def test_a_form_that_was_changed_and_sent_again_joins_the_same_conversation(
    client, hub, read
):
    fields = await fresh(client, read) | GOOD
    await send(client, fields)
    await send(client, fields | {"text": "Es sind doch zwei Hunde."})
    first, second = await hub.kept()
    assert first.content.sender.value == second.content.sender.value
    assert second.content.references == (first.content.reference,)
    assert second.content.reference == ""


async def test_a_browser_without_cookies_gets_its_slip_at_once(client, read):
    fields = await fresh(client, read) | GOOD
    client.cookies.clear()
    answer = await send(client, fields)
    assert answer.status_code == 200
    assert len(read.number(answer.text, "geheimzahl")) == 7
    client.cookies.clear()
    again = await send(client, fields)
    assert read.number(again.text, "geheimzahl") == read.number(answer.text, "geheimzahl")


async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(client, hub, read):
    fields = await fresh(client, read) | {
        "subject": "",
        "text": 'Mein <b>Hund</b> & "ich"\n\n  eingerückt',
        "name": "Erika",
        "answer": "email",
        "email": "erika@",
    }
    answer = await send(client, fields, ("files", ("hund.jpg", JPEG)))
    assert answer.status_code == 422
    page = answer.text
    assert read.said(page, "subject").startswith("Bitte schreiben Sie in wenigen Wörtern")
    assert "nicht vollständig" in read.said(page, "email")
    assert read.said(page, "text") == ""
    assert html.escape(fields["text"], quote=False).replace('"', "&#34;") in page
    assert 'value="erika@"' in page
    assert 'value="email" checked' in page
    assert "»hund.jpg« nicht mitschicken" in page
    assert await hub.kept() == []
    good = fields | {"subject": "Hund", "email": "erika@mail.example"}
    good |= {"form": read.hidden(page, "form")[0], "kept": read.hidden(page, "kept")}
    assert (await send(client, good)).status_code == 303
    [event] = await hub.kept()
    assert [a.file_name for a in event.content.attachments] == ["hund.jpg"]
    assert [p.kind for p in event.content.reachable] == ["email", "portal"]
    assert await hub.ask("select count(*) from channel_web.unsent") == 0


async def test_a_kept_file_may_be_left_out(client, hub, read):
    fields = await fresh(client, read) | GOOD | {"subject": ""}
    page = (await send(client, fields, ("files", ("a.jpg", JPEG)), ("files", ("b.txt", b"b")))).text
    kept = read.hidden(page, "kept")
    assert len(kept) == 2
    await send(client, fields | {"subject": "x", "kept": kept, "remove": kept[:1]})
    [event] = await hub.kept()
    assert [a.file_name for a in event.content.attachments] == ["b.txt"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([("rechnung.pdf", b"MZ\x90\x00" + bytes(99))], "»rechnung.pdf« ist nicht das, was"),
        ([("seite.html", b"<script>alert(1)</script>")], "»seite.html« können wir nicht"),
        ([("leer.txt", b"")], "»leer.txt« ist leer"),
        ([("gross.txt", b"x" * 100_001)], "»gross.txt« ist zu groß"),
        ([(f"{n}.txt", b"x") for n in range(4)], "höchstens 3 Dateien"),
        ([(f"{n}.txt", b"x" * 99_000) for n in range(3)], "zusammen zu groß"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_told_beside_its_field(client, hub, read, files, says):
    sent = [("files", file) for file in files]
    answer = await send(client, await fresh(client, read) | GOOD, *sent)
    assert answer.status_code == (422 if says.startswith("»") else 413)
    assert says in read.said(answer.text, "files")
    assert GOOD["text"] in answer.text
    assert await hub.kept() == []


async def test_a_file_name_cannot_break_the_page(client, hub, read):
    name = "<img src=x onerror=alert(1)>.exe"
    answer = await send(client, await fresh(client, read) | GOOD, ("files", (name, b"MZ\x90\x00")))
    assert answer.status_code == 422
    assert "<img src=x" not in answer.text
    await send(
        client,
        await fresh(client, read) | GOOD | {"subject": "<script>alert(1)</script>"},
        ("files", ("<svg onload=alert(1)>.jpg", JPEG)),
    )
    [event] = await hub.kept()
    assert [a.file_name for a in event.content.attachments] == ["svg onload=alert(1).jpg"]


async def test_no_page_of_a_form_is_kept_by_the_browser(client, read):
    for path in ("/musterstadt/kontakt", "/musterstadt/chat"):
        assert (await client.get(path)).headers["cache-control"] == "private, no-store"
    again = await send(client, await fresh(client, read) | GOOD | {"subject": ""})
    assert again.headers["cache-control"] == "private, no-store"


async def test_while_we_are_away_nothing_is_lost_and_nothing_promised(
    client, hub, portal, read, monkeypatch
):
    fields = await fresh(client, read) | GOOD

    async def away(*_: object) -> None:
        raise Temporary("database: away")

    with monkeypatch.context() as patch:
        patch.setattr(type(portal.ground.accept), "__call__", away)
        answer = await send(client, fields)
    assert answer.status_code == 503
    assert "noch nicht angekommen" in answer.text
    assert GOOD["text"] in answer.text
    again = {**fields, "form": read.hidden(answer.text, "form")[0]}
    assert (await send(client, again)).status_code == 303
    [event] = await hub.kept()
    assert event.content.reference != ""


async def test_a_chat_begins_with_one_line(client, hub, read):
    fields = await fresh(client, read, "/musterstadt/chat") | {"text": "Haben Sie morgen offen?"}
    answer = await client.post("/musterstadt/chat", data=fields)
    assert answer.headers["location"] == "/musterstadt/vorgang/gespraech"
    [event] = await hub.kept()
    assert (event.kind, event.content.subject) == ("chat", "Haben Sie morgen offen?")


async def test_english_is_remembered_in_the_message(client, hub, read):
    page = (await client.get(f"{URL}?lang=en")).text
    assert "Write to us" in page
    await send(client, await fresh(client, read) | GOOD)
    assert (await hub.kept())[0].content.language == "en"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"x=1", "text/plain", 400),
        (b"--b\r\nkaputt", "multipart/form-data; boundary=b", 400),
        (b"", "multipart/form-data; boundary=b", 400),
        (
            b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1",
            "multipart/form-data; boundary=b",
            400,
        ),
        (b"a=1&" * 200, "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 300_000, "application/x-www-form-urlencoded", 413),
        (b"", "application/x-www-form-urlencoded", 422),
    ],
)
async def test_what_no_browser_sends_is_refused(client, hub, content, kind, status):
    answer = await client.post(URL, content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert await hub.kept() == []


async def test_two_hundred_megabytes_are_refused_before_they_are_read(door, read, client, hub):
    """The typed text is on the page; of the file not even the first megabyte was asked for."""
    fields = await fresh(client, read) | GOOD
    size, piece, given = 200 * 1024 * 1024, bytes(64 * 1024), 0

    async def body():
        nonlocal given
        yield form_data(fields)
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="film.mp4"\r\n\r\n'
        while given < size:
            given += len(piece)
            yield piece

    said = {"Content-Length": str(size)}
    for length, says in ((said, "zusammen zu groß"), ({}, "»film.mp4« ist zu groß")):
        given = 0
        headers = {"Content-Type": "multipart/form-data; boundary=b", **length}
        answer = await client.post(URL, content=body(), headers=headers)
        assert answer.status_code == 413
        assert given <= 512 * 1024
        assert says in read.said(answer.text, "files")
        assert GOOD["text"] in answer.text
        assert answer.headers["connection"] == "close"
    assert await hub.kept() == []


async def test_large_forms_wait_for_room_and_small_ones_do_not(client, hub, read):
    fields = await fresh(client, read) | GOOD
    go_on, begun = asyncio.Event(), []

    async def slowly():
        begun.append(1)
        yield form_data(fields)
        await go_on.wait()
        yield b"--b--\r\n"

    large = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "2000000"}
    first, second = (
        asyncio.create_task(client.post(URL, content=slowly(), headers=large)) for _ in range(2)
    )
    small = await send(client, await fresh(client, read) | GOOD)
    assert small.status_code == 303
    assert len(begun) == 1, "of the second one nothing is read yet"
    go_on.set()
    assert {(await first).status_code, (await second).status_code} == {303}
    assert len(await hub.kept()) == 2


async def test_a_form_that_never_ends_is_given_up(client, portal, read):
    object.__setattr__(portal.settings, "upload_seconds", 0.1)
    fields = await fresh(client, read) | GOOD

    async def never():
        yield form_data(fields)
        await asyncio.Event().wait()

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (await client.post(URL, content=never(), headers=headers)).status_code == 408


def form_data(fields) -> bytes:
    return b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )


@pytest.mark.parametrize("role", ["agent", "operator", "service", ""])
async def test_only_citizens_have_business_here(client, door, hub, role):
    audience, app, _ = door.services["/musterstadt"]
    door.services["/musterstadt"] = (audience, app, Caller("x", "musterstadt", role))
    for path in ("/", "/kontakt", "/vorgang", "/vorgang/gespraech", "/danke"):
        assert (await client.get(f"/musterstadt{path}")).status_code == 403


async def test_without_the_gateways_word_there_is_nothing(portal, hub):
    app = add_pages(FastAPI(), portal)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        for route in app.routes:
            for method in getattr(route, "methods", None) or ():
                path = route.path.replace("{entry}", str(UUID(int=1))).replace("{number}", "0")
                if path not in {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}:
                    answer = await client.request(method, path)
                    assert answer.status_code == 401, (method, path)


async def test_another_language_keeps_what_is_typed_and_sends_nothing(client, hub, read):
    typed = await fresh(client, read) | {"subject": "", "text": "Mein Hund", "look": "en"}
    parts = [(name, (None, value)) for name, value in typed.items()]
    files = [*parts, ("files", ("hund.jpg", JPEG))]
    page = await client.post(f"{URL}?lang=en", files=files)
    assert page.status_code == 200
    assert "Mein Hund" in page.text
    assert "hund.jpg" in page.text
    assert 'lang="en"' in page.text
    assert "kern-alert--danger" not in page.text, "nobody has sent it yet"
    assert await hub.kept() == []
    assert read.hidden(page.text, "form") == [typed["form"]]


async def test_a_page_that_is_not_there_names_the_authority(client):
    page = await client.get("/kleindorf/nirgends", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "Gemeinde Kleindorf" in page.text


async def test_the_start_page_says_what_the_authority_does(client):
    page = (await client.get("/musterstadt/")).text
    assert "Wir sind die Verwaltung von Musterstadt." in page
    assert 'href="/musterstadt/kontakt?anliegen=hund">Hundesteuer</a>' in page
    assert 'href="tel:07111230">0711 123-0</a>' in page
    assert 'href="mailto:rathaus@musterstadt.example"' in page
    for found in re.findall(r'(?:src|href)="(/musterstadt/static/[^"]*/faces/[^"]+)"', page):
        assert (await client.get(found)).status_code == 200
    missing = await client.get("/musterstadt/nichts", headers={"Accept": "text/html"})
    assert (missing.status_code, "0711 123-0" in missing.text) == (404, True)


async def test_without_a_face_pages_are_those_of_faden(client):
    page = (await client.get("/kleindorf/")).text
    assert "/faces/" not in page
    assert ">Was möchten Sie tun?</h1>" in page
    assert "0123 456-0" in page, "what the account says"
    assert "Gemeinde Kleindorf" in (await client.get("/kleindorf/impressum")).text


async def test_only_matters_of_the_list_become_a_subject(client):
    for asked in ("hund", "ausweis&anliegen=hund", "nichts", "", "<script>"):
        page = (await client.get(f"/musterstadt/kontakt?anliegen={asked}")).text
        subject = re.search(r'name="subject" type="text" value="([^"]*)"', page)[1]
        assert subject == ("Hundesteuer" if asked.endswith("hund") else "")
