"""The door in front of real services: what passes, what streams, what is refused and how."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from gateway.limit import Limiter
from gateway.sessions import Sessions
from hub_kit.testing import eventually
from hub_pages.face import Face

PAGE = {"Accept": "text/html"}


async def test_a_citizen_comes_in_without_log_in(gate):
    async with gate.browser() as browser:
        browser.cookies.set("faden_citizen", "c")
        browser.cookies.set("faden_session", "s")
        answer = await browser.post("/musterstadt/kontakt?x=1", content=b"Guten Tag")
    said = answer.json()
    assert (said["method"], said["path"], said["query"]) == ("POST", "/kontakt", "x=1")
    assert said["bytes"] == 9
    headers = dict(said["headers"])
    assert headers["cookie"] == "faden_citizen=c"
    assert headers["x-forwarded-prefix"] == "/musterstadt"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["host"] == gate.address
    caller = gate.caller("channel_web")
    assert (caller.who, caller.tenant, caller.role) == ("anonymous", "musterstadt", "citizen")
    assert answer.headers["x-own"] == "yes"


async def test_nothing_from_outside_looks_like_us(gate):
    forged = {
        "Authorization": "Bearer forged",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Prefix": "/kleindorf",
        "X-Faden-Name": "Chef",
    }
    async with gate.browser(headers=forged) as browser:
        headers = dict((await browser.get("/musterstadt/")).json()["headers"])
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-prefix"] == "/musterstadt"
    assert "x-faden-name" not in headers
    assert gate.caller("channel_web").role == "citizen"


async def test_an_extra_route_gets_no_token(gate):
    async with gate.browser() as browser:
        said = (await browser.get("/table/x")).json()
    assert said["path"] == "/table/x"
    assert "authorization" not in dict(said["headers"])


async def test_cookies_of_services_stay_in_their_place(gate):
    async with gate.browser() as browser:
        answer = await browser.get("/musterstadt/cookies")
    assert answer.headers.get_list("set-cookie") == [
        "faden_citizen=a; Max-Age=1800; Path=/musterstadt; HttpOnly; SameSite=Lax",
        "faden_theme=dark; Path=/; HttpOnly; SameSite=Lax",
    ]


async def test_every_answer_has_the_security_headers(gate):
    async with gate.browser() as browser:
        for path in ("/", "/musterstadt/", "/nowhere", "/desk/", "/login", "/musterstadt/file"):
            answer = await browser.get(path)
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert answer.headers["referrer-policy"] == "same-origin", path
            policy = answer.headers["content-security-policy"]
            if path == "/musterstadt/file":
                assert policy == "sandbox", "a stricter one of the service stays"
            else:
                assert "default-src 'none'" in policy
                assert "script-src 'self';" in policy
                assert "unsafe" not in policy
            assert "server" not in answer.headers
            assert len(answer.headers.get_list("date")) == 1


async def test_static_files_need_nobody(gate):
    async with gate.browser() as browser:
        home = await browser.get("/")
        style = home.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        answer = await browser.get(style)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]
        assert (await browser.get("/static/x/nothing.css")).status_code == 404


async def test_home_names_the_authorities(gate, title):
    async with gate.browser() as browser:
        german = await browser.get("/")
        assert title(german) == "Wohin möchten Sie?"
        assert 'href="/musterstadt/">Stadt Musterstadt<' in german.text
        english = await browser.get("/?lang=en")
        assert title(english) == "Where would you like to go?"
        assert 'lang="en"' in english.text


OTHERS = [
    ("GET", "/healthz", {}, 404),
    ("GET", "/readyz", {}, 404),
    ("GET", "/metrics", {}, 404),
    ("GET", "/musterstadt/metrics", {}, 404),
    ("GET", "/kleinstadt/", {}, 404),
    ("GET", "/musterstadt/%2e%2e/desk/", {}, 404),
    ("TRACE", "/musterstadt/", {}, 405),
    ("POST", "/musterstadt/", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("POST", "/musterstadt/", {"Sec-Fetch-Site": ""}, 403),
    ("POST", "/musterstadt/", {"Sec-Fetch-Site": "", "Origin": "http://evil.example"}, 403),
    ("POST", "/login", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("POST", "/logout", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("DELETE", "/table/x", {"Sec-Fetch-Site": "same-site"}, 403),
    ("GET", "/login/elsewhere", {}, 404),
    ("POST", "/login/callback", {}, 404),
    ("POST", "/desk/x", {}, 401),
    ("GET", "/desk/x", {"Accept": "application/json"}, 401),
    ("GET", "/desk/x", {"HX-Request": "true"}, 401),
    ("GET", "/desk/live", {"Accept": "text/event-stream"}, 401),
    ("GET", "/desk/x", {"Cookie": "faden_session=guessed"}, 303),
    ("POST", "/musterstadt", {}, 404),  # a form is not sent on to another address
    ("POST", "/musterstadt/", {"Host": "evil.example"}, 404),
    ("GET", "/musterstadt/", {"Host": "evil.example"}, 307),
]


@pytest.mark.parametrize(("method", "path", "headers", "status"), OTHERS)
async def test_what_is_refused(gate, method, path, headers, status):
    async with gate.browser(headers=headers) as browser:
        answer = await browser.request(method, path)
    assert answer.status_code == status
    assert gate.behind.got == [], "nothing of it reached a service"
    if status == 307:
        assert answer.headers["location"].startswith(gate.settings.public)


async def test_a_page_that_is_away_names_the_phone_and_leads_to_the_authority(open_gate):
    face = Face("musterstadt", name="Stadt am See", phone="0711 123-0")
    gone = {"faces": {"musterstadt": face}, "channel_web": "http://127.0.0.1:9"}
    async with open_gate(**gone) as gate, gate.browser() as browser:
        answer = await browser.get("/musterstadt/kontakt")
    assert answer.status_code == 503
    for found in (">0711 123-0</a>", 'href="/musterstadt/impressum"', ">Stadt am See</a>"):
        assert found in answer.text


async def test_programs_are_told_as_programs(gate):
    async with httpx.AsyncClient(base_url=f"http://{gate.address}", timeout=60) as program:
        answer = await program.get("/nowhere")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


async def test_a_large_body_is_refused_unread(gate, title):
    """What is announced is refused at once; the sender learns why before it has sent it all."""
    size, sent = 200 * 1024 * 1024, 0
    reader, writer = await asyncio.open_connection(*gate.address.split(":"))
    head = (
        f"POST /musterstadt/kontakt HTTP/1.1\r\nHost: {gate.address}\r\nAccept: text/html\r\n"
        f"Sec-Fetch-Site: same-origin\r\nContent-Length: {size}\r\n\r\n"
    )
    writer.write(head.encode())
    for _ in range(16):
        writer.write(b"x" * 65_536)
        sent += 65_536
        await writer.drain()
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Das ist zu gro" in await reader.readuntil(b"</h1>")
    assert sent < size / 100
    assert gate.behind.got == []
    writer.close()


async def test_a_body_that_grows_over_the_limit_ends_there(open_gate):
    async def pieces():
        for _ in range(100):
            yield b"x" * 1024

    async with open_gate(body_limit=10_240) as gate, gate.browser() as browser:
        answer = await browser.post("/musterstadt/kontakt", content=pieces())
        assert answer.status_code == 413
        assert gate.behind.got == [], "nobody inside was asked"
        fits = await browser.post("/musterstadt/kontakt", content=b"x" * 10_240)
        assert fits.json()["bytes"] == 10_240


FLOWING = {"body_bytes": 0}  # as where all room for bodies is taken


async def test_what_finds_no_room_flows_in(open_gate):
    """A body that is not held reaches the service piece by piece."""
    go_on = asyncio.Event()

    async def pieces():
        yield b"first"
        await go_on.wait()
        yield b"second"

    async def arrived():
        return gate.behind.taken == 5

    async with open_gate(shares=FLOWING) as gate, gate.browser() as browser:
        sending = asyncio.create_task(browser.post("/musterstadt/x", content=pieces()))
        await eventually(arrived)
        go_on.set()
        assert (await sending).json()["bytes"] == 11


async def test_live_pages_flow_and_end_with_their_reader(gate):
    async with gate.browser(headers={"Accept": "text/event-stream"}) as browser:
        async with browser.stream("GET", "/musterstadt/live") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            first = await anext(answer.aiter_text())
            assert first == "data: first\n\n"
        async with asyncio.timeout(300):
            await gate.behind.cancelled.wait()


async def test_a_download_ends_with_its_reader(gate):
    async with gate.browser() as browser:
        async with browser.stream("GET", "/musterstadt/big") as answer:
            await anext(answer.aiter_raw())
        async with asyncio.timeout(300):
            await gate.behind.cancelled.wait()
        assert gate.behind.taken < 999
        whole = 0
        async with browser.stream("GET", "/musterstadt/big") as answer:
            async for piece in answer.aiter_raw():
                whole += len(piece)
    assert whole == 100_000_000


async def test_an_upload_ends_with_its_sender(open_gate):
    async with open_gate(shares=FLOWING) as gate:
        writer = await begin(gate, b"Content-Length: 1000000\r\n\r\nhalf")

        async def arrived():
            return gate.behind.taken == 4

        await eventually(arrived)
        writer.close()
        async with asyncio.timeout(300):
            await gate.behind.cancelled.wait()


async def begin(gate, rest: bytes, method: str = "POST", path: str = "/musterstadt/x"):
    """Send as much of a request as there is, and keep the line."""
    _, writer = await asyncio.open_connection(*gate.address.split(":"))
    head = f"{method} {path} HTTP/1.1\r\nHost: {gate.address}\r\nSec-Fetch-Site: same-origin\r\n"
    writer.write(head.encode() + rest)
    return writer


DRIBBLED = [
    b"Content-Length: 100\r\n\r\nx",
    b"Content-Length: 2000000\r\n\r\n" + b"x" * 1_500_000,
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    b"Transfer-Encoding: chunked\r\n\r\n",
]


@pytest.mark.parametrize("rest", DRIBBLED)
async def test_a_body_that_is_not_whole_holds_nothing_inside(gate, rest):
    writers = [await begin(gate, rest) for _ in range(3)]
    gatherer = gate.door.forwarder._gatherer
    came = rest.count(b"x") * 3 if b"Length" in rest else 2 * 3 * (b"ab" in rest)

    async def all_here():
        return gatherer.bytes.taken == came

    await eventually(all_here)
    assert gate.behind.got == []
    assert gate.door.forwarder._pool.connections == []
    async with gate.browser() as browser:
        said = await browser.post("/musterstadt/kontakt", content=b"y" * 3_000_000)
        assert said.json()["bytes"] == 3_000_000
    for writer in writers:
        writer.close()

    async def let_go():
        return gatherer.bytes.taken == 0

    await eventually(let_go)
    assert len(gate.behind.got) == 1


async def test_a_body_in_pieces_goes_in_with_its_length(gate):
    async def pieces():
        yield b"first"
        yield b"second"

    async with gate.browser() as browser:
        said = (await browser.post("/musterstadt/x", content=pieces())).json()
    headers = dict(said["headers"])
    assert (said["bytes"], headers["content-length"]) == (11, "11")
    assert "transfer-encoding" not in headers


async def test_what_flows_in_is_shared_out_too(open_gate, title):
    shares = FLOWING | {"flowing": 2, "flowing_each": 1}
    async with open_gate(shares=shares) as gate, gate.browser() as browser:
        writer = await begin(gate, b"Content-Length: 1000000\r\n\r\nhalf")

        async def arrived():
            return gate.door.forwarder._gatherer.flowing.taken == 1

        await eventually(arrived)
        full = await browser.post("/musterstadt/x", content=b"y" * 1_000_000)
        assert (full.status_code, full.headers["retry-after"]) == (429, "5")
        assert title(full) == "Bitte warten Sie einen Augenblick"
        assert (await browser.get("/musterstadt/")).status_code == 200
        writer.close()


WITH_BODY = [
    (method, path, rest)
    for method in ("GET", "HEAD", "OPTIONS")
    for path in (
        "/musterstadt/",
        "/",
        "/login",
        "/static/x/hub.css",
        "/hooks/sms/musterstadt/sms-1",
    )
    for rest in (b"Content-Length: 5\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\n5\r\nab")
]


async def test_what_only_asks_has_no_body(gate):
    for method, path, rest in WITH_BODY:
        reader, writer = await asyncio.open_connection(*gate.address.split(":"))
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: {gate.address}\r\n".encode() + rest)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.split()[1] in {b"400", b"405"}, (method, path, head)
        assert b"x-content-type-options: nosniff" in head.lower()
        writer.close()
    assert gate.behind.got == []


async def test_who_takes_an_answer_slowly_holds_nothing_inside(gate):
    """A page is read whole before it is sent: the service has nothing to do with a slow line."""
    _, writer = await asyncio.open_connection(*gate.address.split(":"))
    head = f"GET /musterstadt/page HTTP/1.1\r\nHost: {gate.address}\r\n\r\n"
    writer.write(head.encode() * 64)  # more answers than anybody's buffers hold
    pool = gate.door.forwarder._pool

    async def stuck():
        return len(gate.behind.got) > 3 and all(one.is_idle() for one in pool.connections)

    await eventually(stuck)
    writer.transport.abort()


async def test_live_pages_are_shared_out(open_gate):
    shares = {"live": 3, "live_each": 2}
    live = {"Accept": "text/event-stream"}
    async with open_gate(shares=shares) as gate, gate.browser(headers=live) as browser:
        async with (
            browser.stream("GET", "/musterstadt/live") as one,
            browser.stream("GET", "/musterstadt/live") as two,
        ):
            # Kept: one that nobody holds is closed, and its answer with it.
            lines = [one.aiter_text(), two.aiter_text()]
            assert [bool(await anext(each)) for each in lines] == [True, True]
            full = await browser.get("/musterstadt/live")
            assert (full.status_code, full.headers["retry-after"]) == (429, "5")
            async with gate.browser() as staff:
                await gate.log_in(staff, "anna")
                async with staff.stream("GET", "/desk/live", headers=live) as other:
                    assert other.status_code == 200, "whoever is logged in counts alone"

        async def free():
            return gate.door.forwarder._seats.taken == 0

        await eventually(free)


async def test_a_live_page_ends_with_its_session(gate, monkeypatch):
    monkeypatch.setattr("gateway.sessions._LOOK", 0.1)
    async with gate.browser() as browser:
        await gate.log_in(browser, "anna")
        live = {"Accept": "text/event-stream"}
        async with browser.stream("GET", "/desk/live", headers=live) as answer:
            lines = answer.aiter_text()
            assert await anext(lines)
            await gate.ground.pool.execute("delete from session")
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(lines)
    async with asyncio.timeout(300):
        await gate.behind.cancelled.wait()


async def test_half_an_answer_is_not_taken_for_a_whole_one(gate):
    async with gate.browser() as browser:
        assert (await browser.get("/musterstadt/broken")).status_code == 503
        with pytest.raises(httpx.RemoteProtocolError):
            await browser.get("/musterstadt/broken/large")


async def test_a_service_that_is_away_is_said(open_gate, title):
    async with open_gate(channel_web="http://127.0.0.1:9") as gate, gate.browser() as browser:
        answer = await browser.get("/musterstadt/")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert title(answer) == "Das geht gerade nicht"
        sent = await browser.post("/musterstadt/", headers={"Accept": "application/json"})
        assert sent.json()["status"] == 503


async def test_too_often(open_gate, title):
    limits = {"read": {"times": 3, "seconds": 600}, "write": {"times": 2, "seconds": 600}}
    async with open_gate(limits=limits) as gate, gate.browser() as browser:
        assert [(await browser.post("/musterstadt/")).status_code for _ in range(3)] == [
            200,
            200,
            429,
        ]
        codes = [(await browser.get("/musterstadt/")).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        answer = await browser.get("/musterstadt/")
        assert 1 <= int(answer.headers["retry-after"]) <= 201
        assert title(answer) == "Bitte warten Sie einen Augenblick"
        assert (await browser.get("/static/x/hub.css")).status_code == 200, "a page keeps its look"
        rows = await gate.ground.pool.fetch("select key from bucket")
        assert len(rows) == 2
        assert all(len(row["key"]) == 16 and b"127" not in row["key"] for row in rows)
        await gate.ground.pool.execute("update bucket set due = due - interval '200 seconds'")
        assert (await browser.get("/musterstadt/")).status_code == 200


async def test_who_is_logged_in_counts_alone(open_gate):
    limits = {"read": {"times": 12, "seconds": 3600}}
    async with open_gate(limits=limits) as gate, gate.browser() as anna, gate.browser() as citizen:
        await gate.log_in(anna, "anna")
        codes = [(await citizen.get("/musterstadt/")).status_code for _ in range(13)]
        assert codes == [200] * 12 + [429]
        assert (await anna.get("/desk/")).status_code == 200


async def test_a_database_that_is_away_is_said(gate, title):
    await gate.ground.pool.close()
    async with gate.browser() as browser:
        answer = await browser.get("/musterstadt/")
    assert answer.status_code == 503
    assert title(answer) == "Das geht gerade nicht"
    assert gate.behind.got == []


async def test_what_has_ended_is_swept_away(gate):
    pool, ring = gate.ground.pool, gate.ground.ring
    async with gate.browser() as browser:
        await gate.log_in(browser, "anna")
    sessions = Sessions(pool, ring, timedelta(minutes=30), timedelta(hours=10))
    await sessions.sweep()
    assert await pool.fetchval("select count(*) from session") == 1
    await pool.execute("update session set seen_at = now() - interval '31 minutes'")
    await pool.execute("update bucket set due = now() - interval '1 second'")
    await sessions.sweep()
    await Limiter(pool, ring).sweep()
    assert await pool.fetchval("select count(*) from session") == 0
    assert await pool.fetchval("select count(*) from bucket") == 0
