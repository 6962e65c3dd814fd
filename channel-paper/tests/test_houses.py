"""Letters by pretend print houses over a real socket: taken once, refused, lost, returned, forged."""

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from uuid import UUID

import pikepdf
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from channel_paper.boxes import LetterXpressBox, PaperBox, PingenBox
from channel_paper.parse.pingen import read_hook
from channel_paper.parse.report import letter_called
from channel_paper.providers.letterxpress import LetterXpress
from channel_paper.providers.pingen import Pingen
from channel_paper.providers.pingen_codes import hook_of, reason_of, status_of
from channel_paper.receive.letterxpress import JobLists
from channel_paper.receive.pingen import PingenHooks
from channel_paper.send.letterxpress import LetterXpressSender
from channel_paper.send.pingen import PingenSender
from channel_paper.settings import PaperSettings
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_contract.events import Arrival, MessageRequested, RequestedContent
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit.hooks import Account, Hook
from hub_kit.testing import eventually
from hub_kit.tokens import Refused
from local_hub.peers.letters import letterxpress as lxp_house
from local_hub.peers.letters import pingen as pingen_house
from local_hub.peers.letters.house import House, Job
from local_hub.peers.letters.inspect import faults_of, text_of
from local_hub.peers.letters.tray import Tray

MESSAGE = UUID("0199f5a0-7c1e-7000-8000-0123456789ab")
OTHER = UUID("0199f5a0-7c1e-7000-8000-0123456789ac")
ACCOUNT = Account("paper", "musterstadt", "letters")
NAME = f"musterstadt.letters.{MESSAGE}.pdf"
ORGANISATION, SECRET = "b85c7b52-debb-4b15-b5db-d86b0a4e9bbf", "a secret of a pretend house"
ERIKA = "Erika Mustermann\nHeidestraße 17\n51147 Köln"


def asked(message: UUID = MESSAGE, address: str = ERIKA, *, as_written=False) -> MessageRequested:
    point = ContactPoint(kind=ContactKind.POSTAL, value=address, as_written=as_written)
    content = RequestedContent(recipient=point, text="Guten Tag.", reference="384291770608")
    return MessageRequested(
        id=message,
        tenant="musterstadt",
        channel=Channel.PAPER,
        account="letters",
        conversation_id=MESSAGE,
        requested_at=datetime.now(UTC),
        content=content,
    )


@dataclass
class Place:
    """Both houses on one door, and what came by hook."""

    pingen: pingen_house.Pingen
    lxp: lxp_house.LetterXpress
    sender: PingenSender
    hooks: PingenHooks
    lxp_sender: LetterXpressSender
    lists: JobLists
    taken: list[Arrival] = field(default_factory=list)

    def said(self) -> list[tuple[Delivery, Reason]]:
        return [(one.event.status, one.event.reason) for one in self.taken]

    async def heard(self, *words: tuple[Delivery, Reason]) -> None:
        async def has() -> bool:
            return self.said() == list(words)

        await eventually(has)


@asynccontextmanager
async def serving(app: FastAPI, door: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[door]))

    async def started() -> bool:
        return server.started

    await eventually(started)
    yield
    server.should_exit = True
    await running


@pytest.fixture
async def place(tmp_path, monkeypatch) -> AsyncIterator[Place]:
    monkeypatch.setenv("HOUSE_SECRET", SECRET)
    door = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    settings = PaperSettings(
        pingen=f"{address}/pingen",
        pingen_login=f"{address}/pingen",
        letterxpress=f"{address}/letterxpress/v1",
    )
    common = {"address": "Stadt\nRathausplatz 1\n12345 Musterstadt", "folder": tmp_path}
    own = PingenBox(
        organisation=ORGANISATION,
        client_id="hub",
        client_secret_env="HOUSE_SECRET",
        hook_secret_env="HOUSE_SECRET",
        **common,
    )
    lxp_own = LetterXpressBox(username="hub", key_env="HOUSE_SECRET", **common)
    client = Pingen(PaperBox("musterstadt", "letters", "Stadt", own), settings)
    lxp_client = LetterXpress(PaperBox("musterstadt", "letters", "Stadt", lxp_own), settings)
    pingen = pingen_house.Pingen(
        House(Tray()), f"{address}/pingen", ORGANISATION, SECRET, f"{address}/hook"
    )
    lxp = lxp_house.LetterXpress(House(Tray()), "hub", SECRET)
    taken: list[Arrival] = []

    async def take(arrivals) -> None:
        taken.extend(arrivals)

    found = Place(
        pingen,
        lxp,
        PingenSender({ACCOUNT: client}, looks=(0,)),
        PingenHooks({ACCOUNT: client}),
        LetterXpressSender({ACCOUNT: lxp_client}, looks=(0,)),
        JobLists(lxp_client, take, None, 1),
        taken,
    )

    async def hook(request: Request) -> Response:
        called = Hook(
            ACCOUNT, "", str(request.url), "POST", dict(request.headers), await request.body()
        )
        await take(await found.hooks(called))
        return Response(status_code=202)

    app = FastAPI()
    app.include_router(pingen_house.make_router(pingen))
    app.include_router(lxp_house.make_router(lxp))
    app.add_api_route("/hook", hook, methods=["POST"])
    async with serving(app, door):
        yield found
        await client.close()
        await lxp_client.close()
        await pingen.close()
        await lxp.house.close()


SENT, FAILED = (Delivery.SENT, Reason.NONE), (Delivery.FAILED, Reason.OTHER)


async def test_a_letter_by_pingen_is_printed_and_lies_on_the_table(place):
    outcome = await place.sender.send(asked(), ())
    assert (outcome.status, outcome.pages) == (Delivery.ACCEPTED, 1)
    await place.heard(SENT)
    [brought] = place.pingen.house.tray.letters.values()
    assert brought.address == ERIKA
    assert "384-291-770-608" in text_of(brought.pdf)

    async def answered() -> bool:
        return place.pingen.calls == [202]

    await eventually(answered)
    assert place.taken[0].event.message_id == MESSAGE


async def test_asked_twice_pingen_prints_once(place):
    first = await place.sender.send(asked(), ())
    again = await place.sender.send(asked(), ())
    assert first.external_id == again.external_id
    assert len(place.pingen.house.jobs) == 1


@pytest.mark.parametrize("house", ["pingen", "lxp"])
async def test_an_answer_that_was_lost_is_looked_up_and_nothing_is_printed_twice(place, house):
    sender = place.sender if house == "pingen" else place.lxp_sender
    getattr(place, house).house.faults.lose = 1
    outcome = await sender.send(asked(), ())
    assert outcome.status in (Delivery.ACCEPTED, Delivery.SENT)
    assert len(getattr(place, house).house.jobs) == 1
    [job] = getattr(place, house).house.jobs.values()
    assert outcome.external_id == job.id


@pytest.mark.parametrize("house", ["pingen", "lxp"])
async def test_what_the_house_never_had_stays_unknown(place, house):
    sender = place.sender if house == "pingen" else place.lxp_sender
    getattr(place, house).house.faults.refuse = 1  # with 500: nobody knows
    assert (await sender.send(asked(), ())).status is Delivery.UNKNOWN
    assert await sender.look_up(asked()) is None


@pytest.mark.parametrize("house", ["pingen", "lxp"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [(429, None), (503, None), (401, None), (413, Reason.TOO_LARGE), (418, Reason.OTHER)],
)
async def test_a_house_that_refuses(place, house, answer, reason):
    sender = place.sender if house == "pingen" else place.lxp_sender
    faults = getattr(place, house).house.faults
    faults.answer, faults.refuse = answer, 1
    if reason is None:
        with pytest.raises(Temporary):
            await sender.send(asked(), ())
    else:
        outcome = await sender.send(asked(), ())
        assert (outcome.status, outcome.reason) == (Delivery.FAILED, reason)
    assert not getattr(place, house).house.jobs
    assert (await sender.send(asked(), ())).status is Delivery.ACCEPTED


async def test_a_house_that_is_away_is_tried_again(place):
    away = PaperSettings(pingen="http://127.0.0.1:9", pingen_login="http://127.0.0.1:9")
    client = Pingen(place.sender._clients[ACCOUNT].box, away)
    with pytest.raises(Temporary):
        await PingenSender({ACCOUNT: client}).send(asked(), ())
    await client.close()


async def test_what_cannot_be_delivered_comes_back(place):
    place.pingen.house.faults.undeliverable = "Heidestraße"
    await place.sender.send(asked(), ())
    await place.heard(SENT, (Delivery.RETURNED, Reason.ADDRESS_UNKNOWN))
    assert not place.pingen.house.tray.letters


def spoilt() -> bytes:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        page = pdf.pages[0]
        page.contents_add(b"0 g 100 650 100 40 re f")  # 53.6 to 67.7 mm from the top
        pdf.save(written := BytesIO())
        return written.getvalue()


async def test_a_letter_with_something_in_the_franking_zone_is_refused_and_cancelled(place):
    job = place.pingen.house.take(NAME, spoilt(), str(MESSAGE))
    await place.heard(FAILED)
    assert place.taken[0].event.code == "content_in_franking_zone"
    assert job.status == "cancelled"


def test_our_own_letters_pass_the_look_of_a_house(place_of_letter):
    assert list(faults_of(place_of_letter)) == []


@pytest.fixture(params=["short", "six lines", "abroad"])
async def place_of_letter(request, place):
    address = {
        "short": ERIKA,
        "six lines": "Frau\nDr. Ärmel Ünal\nc/o Öhler\nHinterhaus links\nStraße 1\n12345 Ort",
        "abroad": "Jørgen Ẅeiß\nRådhuspladsen 1\n1550 København V\nDÄNEMARK",
    }[request.param]
    await place.lxp_sender.send(asked(address=address), ())
    [job] = place.lxp.house.jobs.values()
    return job.pdf


def signed(body: bytes, secret: str = SECRET) -> Hook:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Hook(ACCOUNT, "", "http://hub", "POST", {"signature": signature}, body)


def body_of(place, status: str = "undeliverable", name: str = NAME) -> bytes:
    job = Job(name, b"", 1, status)
    return json.dumps(place.pingen._hook(job)).encode()


async def test_a_forged_hook_is_refused(place):
    body = body_of(place)
    for hook in (
        signed(body, "another secret"),
        Hook(ACCOUNT, "", "http://hub", "POST", {}, body),
        Hook(ACCOUNT, "", "http://hub", "POST", {"signature": "ü"}, body),
    ):
        with pytest.raises(Refused):
            await place.hooks(hook)
    assert len(await place.hooks(signed(body))) == 1


@pytest.mark.parametrize(
    "name",
    [
        "lorem.pdf",
        f"kleindorf.letters.{MESSAGE}.pdf",
        f"musterstadt.letters.{MESSAGE}",
        "musterstadt.letters.x.pdf",
        f"musterstadt.letters.a.{MESSAGE}.pdf",
    ],
)
async def test_a_hook_of_no_letter_of_ours_says_nothing(place, name):
    assert await place.hooks(signed(body_of(place, name=name))) == ()
    assert letter_called(name, "musterstadt", "letters") is None


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff", b'{"data": []}', b"[" * 5000, b'{"included": [1, {}]}'],
    ids=range(7),
)
async def test_a_signed_hook_that_says_nothing_is_taken(place, body):
    assert await place.hooks(signed(body)) == ()


async def test_a_hook_twice_is_one_report(place):
    body = body_of(place)
    [first], [again] = await place.hooks(signed(body)), await place.hooks(signed(body))
    assert first.event.id == again.event.id


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("validating", Delivery.ACCEPTED),
        ("printing", Delivery.ACCEPTED),
        ("sent", Delivery.SENT),
        ("undeliverable", Delivery.RETURNED),
        ("invalid", Delivery.FAILED),
        ("a word of next year", Delivery.ACCEPTED),
        ("", Delivery.ACCEPTED),
    ],
)
def test_words_of_pingen(word, status):
    assert status_of(word) is status
    assert hook_of(f"webhook_{word}") in (None, status)


def test_a_code_that_nobody_knows_is_other():
    assert reason_of(Delivery.FAILED, "of next year") is Reason.OTHER
    assert reason_of(Delivery.SENT, "file_too_many_pages") is Reason.NONE
    assert read_hook(b"null", "a", "b") is None


async def test_letterxpress_is_asked_what_became_of_a_letter(place):
    await place.lxp_sender.send(asked(), ())
    await place.lxp_sender.send(
        asked(OTHER, "Jane Doe\n1 Main St\nIL 62701\nUSA", as_written=True), ()
    )

    async def printed() -> bool:
        return all(job.status == "sent" for job in place.lxp.house.jobs.values())

    await eventually(printed)
    assert await place.lists.look() == 2
    assert place.said() == [SENT, SENT]
    assert await place.lists.look() == 0
    assert {one.event.message_id for one in place.taken} == {MESSAGE, OTHER}
