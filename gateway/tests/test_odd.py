"""Odd requests: each is answered by a page or a problem with our headers, and none by a 500."""

import asyncio

import httpx
import pytest

SITE = "Sec-Fetch-Site: same-origin\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
# Where there is no answer but 2xx, 3xx or 4xx.
PATHS = [
    "/login?to=//[",
    "/login?to=/%5B",
    "/login?to=%2F%2F[::1",
    "/login?to=http://[",
    "/login?to=%00",
    "/login?to=/%E2%84%80",
    "/login?to=/a%0d%0ab",
    "/login?to=" + "/a" * 2000,
    "/login?to=/&to=//[",
    "/login?%FF=%FE",
    "/login/as?to=//[",
    "/login/callback?state=%00&code=%00",
    "/login/callback?state=" + "x" * 9000,
    "/login/callback?state=%F0%9F%98%80&code=1",
    "/logout/done?state=%F0%9F%98%80",
    "/?lang=%00",
    "/?" + "&".join(["a=1"] * 3000),
    "//[",
    "//",
    "/%",
    "/%zz",
    "/[",
    "/musterstadt/[",
    "/musterstadt/%FF",
    "/musterstadt/?a=[",
    "/hooks/sms/musterstadt/sms-1?%zz=[",
    "/static/%00",
    "/static//[",
    "http://[/",
    "http://x/musterstadt/",
    "http:///",
    "*",
]


async def ask(gate, said: bytes) -> tuple[int, bytes]:
    """Return status and header, as they came; 0 where there was no answer."""
    reader, writer = await asyncio.open_connection(*gate.address.split(":"))
    writer.write(said)
    try:
        async with asyncio.timeout(60):
            head = await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()
    return int(head.split()[1]), head.lower()


def right(status: int, head: bytes) -> bool:
    """Say whether it is no fault of ours, and has the headers of all our answers."""
    return (
        200 <= status < 500
        and b"x-content-type-options: nosniff" in head
        and b"content-security-policy: " in head
    )


async def test_no_path_breaks_the_door(gate):
    for method in ("GET", "HEAD", "POST"):
        for path in PATHS:
            host = f"Host: {gate.address}\r\n"
            said = f"{method} {path} HTTP/1.1\r\n{host}{SITE}Content-Length: 0\r\n\r\n"
            status, head = await ask(gate, said.encode())
            assert right(status, head), (method, path, head)


HEADERS = [
    ("Host: {0}\r\nHost: {0}\r\n", 400),
    ("Host: {0}\r\nHost: evil.example\r\n", 400),
    ("", 400),
    ("Host: [\r\n", 400),
    ("Host: {0}:\r\n", 400),
    ("Host: elsewhere.example:\r\n", 307),
    ("Host: a b\r\n", 400),
    ("Host: {0}\r\nConnection: host\r\n", 200),
    ("Host: {0}\r\nConnection: close, host, cookie, authorization\r\n", 200),
    ("Host: {0}\r\nConnection: \xff\r\n", 200),
    ("Host: {0}\r\nX-Odd: \xe4\xff\r\n", 200),
    ("Host: {0}\r\nAccept-Language: q=;;,q=nan;q=inf\r\n", 200),
    ("Host: {0}\r\nCookie: faden_session=\xe4; =; ;;\r\n", 200),
    ("Host: {0}\r\nCookie: faden_theme=" + "x" * 9000 + "\r\n", 200),
    ("Host: {0}\r\nX-Forwarded-For: [\r\nX-Forwarded-Prefix: //[\r\n", 200),
    ("Host: {0}\r\nExpect: 200-maybe\r\n", 200),
    ("Host: {0}\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n", 200),
    ("Host: {0}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", 200),
    ("Host: {0}\r\nContent-Length: 0\r\nContent-Length: 0\r\n", 400),
    ("Host: {0}\r\nContent-Length: -1\r\n", 400),
    ("Host: {0}\r\nTransfer-Encoding: gzip\r\n", 400),
    ("Host: {0}\r\nTransfer-Encoding: gzip, chunked\r\n", 400),
    ("Host: {0}\r\nLast-Event-ID: \xb2\r\nAccept: text/event-stream\r\n", 200),
]


async def test_no_header_breaks_the_door(gate):
    for path in ("/", "/musterstadt/"):
        for headers, wanted in HEADERS:
            said = f"GET {path} HTTP/1.1\r\n{headers.format(gate.address)}\r\n"
            status, head = await ask(gate, said.encode("latin-1"))
            assert right(status, head), (path, headers, head)
            assert status == wanted, (path, headers, head)


BODIES = [
    ("", b""),
    (FORM, b""),
    (FORM, b"grant=%zz&grant=%FF"),
    (FORM, b"\xff\xfe"),
    (FORM, b"&".join([b"a=1"] * 3000)),
    (FORM, b"x" * 200_000),
    ("Content-Type: multipart/form-data\r\n", b"grant"),
    ("Content-Type: multipart/form-data; boundary=\r\n", b"--\r\n"),
    ("Content-Type: multipart/form-data; boundary=b\r\n", b"--b\r\nContent-Disposition: [\r\n\r\n"),
    ("Content-Type: \xe4;;;=\r\n", b"grant=musterstadt/king"),
    ("Content-Type: application/json\r\n", b"{"),
]


@pytest.mark.parametrize("logged_in", [True, False])
async def test_no_form_breaks_the_doors_own_pages(gate, logged_in):
    cookie = ""
    if logged_in:
        async with gate.browser() as browser:
            await gate.log_in(browser, "otto")
            cookie = f"Cookie: faden_session={browser.cookies['faden_session']}\r\n"
    for path in ("/login/as", "/login/as?to=//[", "/logout/back-channel"):
        for kind, body in BODIES:
            head = f"POST {path} HTTP/1.1\r\nHost: {gate.address}\r\n{SITE}{kind}{cookie}"
            said = f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body
            status, answered = await ask(gate, said)
            assert right(status, answered), (path, kind, body[:50], answered)
            assert status >= 400, (path, kind, body[:50], answered)


GETS = [
    "/", "/login", "/login/callback?state=x", "/login/as", "/logout", "/logout/done", "/musterstadt/",
    "/desk/", "/desk/x", "/musterstadt/big", "/.well-known/security.txt", "/static/x/hub.css",
    "/nowhere", "/musterstadt", "/table/x", "/hooks/sms/musterstadt/sms-1",
]  # fmt: skip


async def test_head_is_answered_where_get_is(open_gate):
    async with (
        open_gate(security_contact="mailto:s@example.org") as gate,
        gate.browser() as browser,
    ):
        for path in GETS:
            async with browser.stream("GET", path) as got:
                pass
            head = await browser.head(path)
            assert head.status_code == got.status_code, path
            assert head.content == b""
            same = ("content-type", "content-security-policy", "content-length")
            if "/hooks/" not in path and not path.startswith(("/table", "/musterstadt/")):
                assert [head.headers.get(n) for n in same] == [got.headers.get(n) for n in same]


async def test_a_fault_of_ours_is_an_answer_with_our_headers_and_a_line(gate, monkeypatch):
    def broken(*_: object) -> None:
        raise LookupError("gate.address is personal")

    monkeypatch.setattr("gateway.door.route", broken)
    async with httpx.AsyncClient(base_url=f"http://{gate.address}", timeout=60) as program:
        answer = await program.get("/")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "personal" not in answer.text
