"""A hosted mailbox behind a real Dovecot: every mail once, soon, and nothing changed in it."""

import asyncio
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from imapclient import IMAPClient
from structlog.testing import capture_logs

from channel_email.receive.fetch import Fetcher
from channel_email.settings import Account, EmailAccount, Imap
from hub_kit.checkpoint import Checkpoints
from hub_kit.testing import eventually
from hub_kit.turns import Turns
from local_hub.debian_mail import start_dovecot

pytestmark = pytest.mark.real("dovecot")
LIMIT = 40 * 1024 * 1024


def mail(number: int, text: str = "Guten Tag") -> bytes:
    return (
        f"From: erika@example.org\r\nTo: post@musterstadt.example\r\nSubject: Mail {number}\r\n"
        f"Message-ID: <{number}@example.org>\r\n\r\n{text}\r\n"
    ).encode()


@pytest.fixture(scope="module")
def dovecot(certificate):
    # Not below pytest's folders: the server's own users may not enter those.
    with (
        tempfile.TemporaryDirectory(prefix="faden-") as folder,
        start_dovecot(Path(folder), certificate=certificate) as server,
    ):
        yield server


@pytest.fixture
def user(request) -> str:
    return request.node.name.replace("[", "-").replace("]", "")[:60]


@asynccontextmanager
async def fetching(hub, port: int, user: str, limit: int = LIMIT, **settings):
    """Run a fetcher of account post, as one copy of the service does."""
    values = {"tls": "none", "user": user, "password_env": "IMAP_PASSWORD"} | settings
    imap = Imap(host="127.0.0.1", port=port, **values)
    account = Account(
        "musterstadt", "post", "", EmailAccount(address="post@musterstadt.example", imap=imap)
    )
    turns = Turns(hub.ground.pool)
    checkpoints = Checkpoints(hub.ground.pool)
    fetcher = Fetcher(account, hub.ground.accept, checkpoints, turns, limit, first_pause=0.05)
    task = asyncio.create_task(fetcher.run())
    try:
        yield fetcher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await turns.close()


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("IMAP_PASSWORD", "geheim")


@contextmanager
def looking_into(dovecot, user: str, folder: str = "INBOX"):
    """Open the folder as another mail program does."""
    with IMAPClient("127.0.0.1", dovecot.port, ssl=False) as client:
        client.login(user, "geheim")
        client.select_folder(folder)
        yield client


def flags_of(dovecot, user: str, folder: str = "INBOX") -> list[set[bytes]]:
    with looking_into(dovecot, user, folder) as client:
        found = client.fetch(client.search(), ["FLAGS"])
    return [set(item[b"FLAGS"]) - {b"\\Recent"} for item in found.values()]


async def all_kept(hub, number: int) -> None:
    async def enough() -> bool:
        return await hub.count() >= number

    await eventually(enough)


@pytest.fixture
def logged():
    with capture_logs() as lines:
        yield lines


async def waits(logged) -> None:
    """Return once it has come back from the mailbox, or from the database, with nothing."""

    async def said() -> bool:
        return "mailbox waits" in [line["event"] for line in logged]

    await eventually(said)


async def is_true(hub, query: str) -> None:
    await eventually(lambda: hub.ask(query))


async def test_a_thousand_mails_come_once_and_stay_unread(hub, dovecot, user):
    dovecot.put(user, [mail(n) for n in range(1000)])
    async with fetching(hub, dovecot.port, user):
        await all_kept(hub, 1000)
        await is_true(hub, "select value = '1000' from channel_email.checkpoint")
    kept = await hub.kept()
    assert [event.content.subject for event in kept] == [f"Mail {n}" for n in range(1000)]
    assert flags_of(dovecot, user) == [set()] * 1000


async def test_a_mail_that_comes_while_we_wait_is_announced(hub, dovecot, user):
    dovecot.put(user, [mail(1)])
    async with fetching(hub, dovecot.port, user, poll=3600):
        await all_kept(hub, 1)
        for number in range(2, 12):  # at once, so that some fall between a look and the wait
            dovecot.put(user, [mail(number)], first=number)
            await all_kept(hub, number)


async def test_marks_of_others_stay_and_marked_mails_come_too(hub, dovecot, user):
    dovecot.put(user, [mail(n) for n in range(3)])
    with looking_into(dovecot, user) as client:
        client.add_flags([1], [b"\\Deleted"])
        client.add_flags([2], [b"\\Seen", b"\\Flagged"])
    before = flags_of(dovecot, user)
    async with fetching(hub, dovecot.port, user):
        await all_kept(hub, 3)
    assert flags_of(dovecot, user) == before == [{b"\\Deleted"}, {b"\\Seen", b"\\Flagged"}, set()]


async def test_new_uids_for_old_mails_double_nothing(hub, dovecot, user):
    dovecot.put(user, [mail(n) for n in range(20)])
    async with fetching(hub, dovecot.port, user):
        await all_kept(hub, 20)
    dovecot.forget_uids(user)
    dovecot.put(user, [mail(20)], first=20)
    async with fetching(hub, dovecot.port, user):
        await all_kept(hub, 21)
        await is_true(hub, "select count(*) = 2 from channel_email.checkpoint")
    assert sorted(event.content.subject for event in await hub.kept()) == sorted(
        f"Mail {n}" for n in range(21)
    )


async def test_connections_that_break_lose_and_double_nothing(hub, dovecot, user):
    dovecot.put(user, [mail(n, "Guten Tag\r\n" * 100) for n in range(60)])
    # Each connection carries a little more than the one before: cut in greeting, search, mails.
    allowances = iter([10, 300, 1_000, 2_000, 5_000, 30_000])
    async with cutting_proxy(dovecot.port, allowances) as port, fetching(hub, port, user):
        await all_kept(hub, 60)
    assert next(allowances, None) is None, "every cut was met"
    kept = await hub.kept()
    assert sorted(event.content.subject for event in kept) == sorted(f"Mail {n}" for n in range(60))


async def test_a_mail_nobody_can_read_is_buried_and_rises_when_asked_for(hub, dovecot, user):
    dovecot.put(user, [mail(n) for n in range(5)])
    assert len(flags_of(dovecot, user)) == 5  # Dovecot has looked, and moved them to cur
    poison = sorted((dovecot.mail / user / "cur").iterdir())[2]
    poison.chmod(0)
    async with fetching(hub, dovecot.port, user, poll=1):
        await all_kept(hub, 4)
        await is_true(hub, "select count(*) = 1 from channel_email.dead_letter")
        poison.chmod(0o644)
        await hub.ask("update channel_email.dead_letter set replay_asked = true")
        await all_kept(hub, 5)
        await is_true(hub, "select count(*) = 0 from channel_email.dead_letter")


async def test_a_mail_above_the_limit_is_buried_with_the_limit(hub, dovecot, user):
    dovecot.put(user, [mail(1), mail(2, "x" * 70 + "\r\n" * 2_000), mail(3)])
    async with fetching(hub, dovecot.port, user, limit=2_000):
        await all_kept(hub, 2)
        await is_true(
            hub, "select reason like '%size_limit is 2000' from channel_email.dead_letter"
        )


async def test_a_mail_of_thirty_megabytes_comes_whole(hub, dovecot, user):
    line = "A" * 76 + "\r\n"
    big = mail(1, line * (30 * 1024 * 1024 // len(line)))
    dovecot.put(user, [big, mail(2)])
    async with fetching(hub, dovecot.port, user):
        await all_kept(hub, 2)
    assert [event.size for event in await hub.kept()] == [len(big), len(mail(2))]


@pytest.mark.parametrize(
    ("settings", "lie"),
    [
        ({"after": "delete"}, (0, 0)),
        ({"after": "move", "move_to": "Übernommen"}, (0, 5)),
        ({}, (5, 0)),
    ],
    ids=["delete", "move", "keep"],
)
async def test_what_becomes_of_mails_that_are_safe(hub, dovecot, user, settings, lie):
    dovecot.put(user, [mail(n) for n in range(5)])
    with looking_into(dovecot, user) as client:
        client.create_folder("Übernommen")
    async with fetching(hub, dovecot.port, user, **settings):
        await all_kept(hub, 5)
        await is_true(hub, "select value = '5' from channel_email.checkpoint")
    assert (len(flags_of(dovecot, user)), len(flags_of(dovecot, user, "Übernommen"))) == lie


async def test_a_folder_that_is_missing_there_keeps_nothing_from_coming_in(hub, dovecot, user):
    dovecot.put(user, [mail(1)])
    async with fetching(hub, dovecot.port, user, after="move", move_to="Erledigt"):
        await all_kept(hub, 1)
        dovecot.put(user, [mail(2)], first=2)
        await all_kept(hub, 2)
        with looking_into(dovecot, user) as client:
            client.create_folder("Erledigt")
        dovecot.put(user, [mail(3)], first=3)
        await is_true(hub, "select value = '3' from channel_email.checkpoint")
    assert len(flags_of(dovecot, user, "Erledigt")) == 3


async def test_two_copies_take_turns(hub, dovecot, user):
    dovecot.put(user, [mail(1)])
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await first.enter_async_context(fetching(hub, dovecot.port, user, poll=1))
        await all_kept(hub, 1)
        await second.enter_async_context(fetching(hub, dovecot.port, user, poll=1))
        held = """select count(*) from pg_locks join pg_database d on d.oid = database
                  where locktype = 'advisory' and datname = current_database()"""
        assert await hub.ask(held) == 1
        await first.aclose()
        dovecot.put(user, [mail(2)], first=2)
        await all_kept(hub, 2)


@pytest.mark.parametrize(
    "case",
    [
        ("starttls", True, True),
        ("starttls", False, False),
        ("implicit", True, True),
        ("implicit", False, False),
        ("if-offered", False, True),
    ],
)
async def test_what_tls_demands(hub, dovecot, certificate, case, logged):
    tls, trusted, comes = case
    user = f"tls-{tls}-{trusted}".lower()  # as Dovecot takes every user
    dovecot.put(user, [mail(1)])
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    ca_file = certificate if trusted else None
    async with fetching(hub, port, user, tls=tls, ca_file=ca_file, poll=3600):
        if not comes:
            await waits(logged)
            assert await hub.count() == 0
            return
        await all_kept(hub, 1)
        dovecot.put(user, [mail(2)], first=2)
        await all_kept(hub, 2)


async def test_a_wrong_password_is_waited_out(hub, dovecot, user, monkeypatch, logged):
    dovecot.put(user, [mail(1)])
    monkeypatch.setenv("IMAP_PASSWORD", "falsch")
    async with fetching(hub, dovecot.port, user):
        await waits(logged)
        assert await hub.count() == 0
        monkeypatch.setenv("IMAP_PASSWORD", "geheim")
        await all_kept(hub, 1)


async def test_a_database_that_is_away_is_waited_out(hub, dovecot, user, logged):
    dovecot.put(user, [mail(1)])
    async with fetching(hub, dovecot.port, user, poll=1):
        await all_kept(hub, 1)
        await hub.shut_out()
        dovecot.put(user, [mail(2)], first=2)
        await waits(logged)
        assert await hub.count() == 1
        await hub.let_in()
        await all_kept(hub, 2)
        assert await hub.ask("select count(*) from channel_email.dead_letter") == 0


@asynccontextmanager
async def cutting_proxy(target: int, allowances):
    """Pass connections on, but cut each after so many bytes from the server, as long as told."""

    async def carry(reader, writer, allowance: float) -> None:
        while allowance > 0 and (chunk := await reader.read(int(min(4096, allowance)))):
            allowance -= len(chunk)
            writer.write(chunk)
            await writer.drain()

    async def connect(reader, writer) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", target)
        ways = [
            asyncio.create_task(carry(upstream_reader, writer, next(allowances, float("inf")))),
            asyncio.create_task(carry(reader, upstream_writer, float("inf"))),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, upstream_writer):
            end.close()

    server = await asyncio.start_server(connect, "127.0.0.1")
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
