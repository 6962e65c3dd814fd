"""Whoever logs out here logs out at the provider, and whose session ends there, it ends here."""

import html
import re
import time
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gateway.settings import Oidc
from gateway.verify import read_logout_token
from hub_contract.errors import Permanent

ISSUER = "https://login.example"
OIDC = Oidc(issuer=ISSUER)
BACK_CHANNEL = "/logout/back-channel"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def open_pretending(open_gate, pretending, serving):
    """Run a gateway before a provider that says what the test wants."""

    @asynccontextmanager
    async def run(**change):
        pretend = pretending(
            {"name": "Anna", "faden": ["musterstadt/agent"]} | change.pop("claims", {}), **change
        )
        async with serving(pretend.app()) as address:
            pretend.address = f"http://{address}"
            oidc = {"issuer": pretend.address, "authentication": "none"}
            async with open_gate(oidc=oidc) as gate:
                yield gate, pretend

    return run


async def log_in(gate, pretend, browser, **claims):
    asked = parse_qs(urlsplit((await browser.get("/login")).headers["location"]).query)
    pretend.claims |= {"nonce": asked["nonce"][0], **claims}
    back = await browser.get("/login/callback", params={"code": "x", "state": asked["state"][0]})
    assert back.status_code == 303, back.text
    return browser


def form_of(page):
    """Return where the form of a page leads to, and its hidden fields."""
    form = re.search(
        r'<form method="post" action="([^"]+)"([^>]*)>(.*?)</form>', page.text, re.DOTALL
    )
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', form[3])
    return html.unescape(form[1]), {n: html.unescape(v) for n, v in fields}, form[2].strip()


async def is_in(browser):
    return (await browser.get("/desk/")).status_code == 200


async def tell(gate, token):
    """Call the gateway as a provider does: no browser, no cookie, no origin."""
    async with httpx.AsyncClient(base_url=f"http://{gate.address}", timeout=60) as provider:
        return await provider.post(BACK_CHANNEL, data={"logout_token": token})


async def test_log_out_leads_on_to_the_provider_and_back(open_pretending, title):
    async with open_pretending() as (gate, pretend), gate.browser() as browser:
        await log_in(gate, pretend, browser)
        page = await browser.post("/logout")
        address, fields, how = form_of(page)
        assert (address, how) == (f"{pretend.address}/end?y=2", "data-at-once")
        state = fields.pop("state")
        assert fields == {
            "client_id": "faden",
            "post_logout_redirect_uri": f"http://{gate.address}/logout/done",
            "id_token_hint": pretend.signed_last,
        }
        assert "form-action 'self' http:;" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "private, no-store"
        script = re.search(r'<script src="([^"]+)">', page.text)[1]
        assert "submit()" in (await browser.get(script)).text
        assert not await is_in(browser)

        back = await browser.get("/logout/done", params={"state": state})
        assert title(back) == "Sie sind abgemeldet"
        assert "Auch beim Anmeldedienst sind Sie abgemeldet." in back.text
        again = await browser.get("/logout/done", params={"state": state})
        assert (again.status_code, again.headers["location"]) == (303, "/")


@pytest.mark.parametrize("query", ["", "?state=", "?state=guessed"])
async def test_nobody_is_told_to_be_logged_out_who_is_not(open_pretending, query):
    async with open_pretending() as (gate, pretend), gate.browser() as browser:
        await log_in(gate, pretend, browser)
        answer = await browser.get(f"/logout/done{query}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert await is_in(browser)


async def test_a_session_that_is_over_is_not_ended_elsewhere_without_a_click(open_pretending):
    """A link of somebody else may lead to /logout: it must not log anybody out at the provider."""
    async with open_pretending() as (gate, _), gate.browser() as browser:
        address, fields, how = form_of(page := await browser.get("/logout"))
        assert (address, how) == (f"{gate.settings.oidc.issuer}/end?y=2", "")
        assert "id_token_hint" not in fields
        assert "<script" not in page.text


AWAY = [
    {"about": {"end_session_endpoint": None}},
    {"about": {"end_session_endpoint": 7}},
    {"about": {"issuer": "https://other.example"}},
]


@pytest.mark.parametrize("change", AWAY)
async def test_here_it_ends_whatever_the_provider_does(open_pretending, title, change):
    async with open_pretending() as (gate, pretend), gate.browser() as browser:
        await log_in(gate, pretend, browser)
        pretend.about = change["about"]
        gate.app.app.answers._logout._provider._about = {}  # as after a start anew
        page = await browser.post("/logout")
        assert title(page) == "Sie sind abgemeldet"
        assert "Beim Anmeldedienst sind Sie vielleicht noch angemeldet." in page.text
        assert "<form" not in page.text
        assert not await is_in(browser)


async def test_what_ends_there_ends_here(open_pretending):
    async with (
        open_pretending() as (gate, pretend),
        gate.browser() as one,
        gate.browser() as two,
        gate.browser() as otto,
    ):
        await log_in(gate, pretend, one, sid="s1")
        await log_in(gate, pretend, two, sid="s2")
        await log_in(gate, pretend, otto, sid="s3", sub="otto")
        told = await tell(gate, pretend.logout_token(sid="s1"))
        assert (told.status_code, told.content) == (200, b"")
        assert told.headers["cache-control"] == "no-store"
        assert [await is_in(b) for b in (one, two, otto)] == [False, True, True]
        # Without a session in it, it is about all of a person's.
        await log_in(gate, pretend, one, sid="s4", sub="anna")
        assert (await tell(gate, pretend.logout_token(sub="anna"))).status_code == 200
        assert [await is_in(b) for b in (one, two, otto)] == [False, False, True]
        # A session that nobody knows has ended already.
        assert (await tell(gate, pretend.logout_token(sid="s1", sub=None))).status_code == 200
        assert await is_in(otto)


@pytest.mark.parametrize("sid", [None, 7, ["s1"]])
async def test_a_session_without_a_name_ends_with_its_person(open_pretending, sid):
    async with open_pretending() as (gate, pretend), gate.browser() as browser:
        await log_in(gate, pretend, browser, sid=sid)
        await tell(gate, pretend.logout_token(sub="otto", sid="s1"))
        assert await is_in(browser)
        await tell(gate, pretend.logout_token(sid="s1"))
        assert not await is_in(browser)


HOUR, TIMES = 3600, ("iat", "exp")
BAD = [
    ("of another issuer", {"iss": "https://evil.example"}, "'iss'"),
    ("of no issuer", {"iss": None}, "iss"),
    ("for another client", {"aud": "other"}, "'aud'"),
    ("for nobody", {"aud": None}, "aud"),
    ("for a number", {"aud": 7}, "'aud'"),
    ("without a time", {"iat": None}, "iat"),
    ("at a word", {"iat": "now"}, "'iat'"),
    ("of the future", {"iat": HOUR}, "in the future"),
    ("too old", {"iat": -HOUR, "exp": None}, "too old"),
    ("too old, whatever it says", {"iat": -HOUR, "exp": HOUR}, "too old"),
    ("expired", {"exp": -HOUR}, "expired"),
    ("of no log-out", {"events": None}, "not of a log-out"),
    ("of something else", {"events": {"https://x.example/event": {}}}, "not of a log-out"),
    ("with events in a list", {"events": [EVENT]}, "not of a log-out"),
    ("with an event that is a text", {"events": {EVENT: "yes"}}, "not of a log-out"),
    ("an ID token", {"nonce": "nonce"}, "has a nonce"),
    ("even with an empty nonce", {"nonce": ""}, "has a nonce"),
    ("of nothing", {"sub": None, "sid": None}, "neither a session nor a person"),
    ("of empty words", {"sub": "", "sid": ""}, "neither a session nor a person"),
    ("of a session that is a number", {"sid": 7}, "neither a session nor a person"),
    ("of a person that is a number", {"sub": 7}, "'sub'"),
    ("without a number of its own", {"jti": None}, "jti"),
    ("with a list of them", {"jti": ["a"]}, "'jti'"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "claims", "said"), BAD, ids=[why for why, *_ in BAD])
def test_a_bad_log_out_token_is_refused(why, claims, said):
    now = int(time.time())
    right = {"iss": ISSUER, "aud": "faden", "iat": now, "exp": now + 120, "jti": "1"}
    right |= {"sub": "anna", "sid": "s1", "events": {EVENT: {}}}
    assert read_logout_token(right, OIDC).session == "s1"
    # The table says times as seconds from now.
    bad = {n: now + v if n in TIMES and isinstance(v, int) else v for n, v in claims.items()}
    with pytest.raises(Permanent, match=r"^log-out token: ") as refused:
        read_logout_token({n: v for n, v in (right | bad).items() if v is not None}, OIDC)
    assert said in str(refused.value)
    assert "anna" not in str(refused.value)


BODIES = [
    ("GET", b"", 405),
    ("POST", b"", 400),
    ("POST", b"logout_token=", 400),
    ("POST", b"logout_token=a.b.c", 400),
    ("POST", b"logout_token=\xff\xfe", 400),
    ("POST", b'{"logout_token": "a.b.c"}', 400),
    ("POST", b"logout_token=" + b"x" * 100_000, 413),
]


async def test_a_bad_log_out_token_ends_nothing(open_pretending):
    async with open_pretending() as (gate, pretend), gate.browser() as browser:
        await log_in(gate, pretend, browser, sid="s1")
        answer = await tell(gate, pretend.logout_token(sid="s1", aud="other"))
        assert answer.status_code == 400
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["error"] == "invalid_request"
        for key, algorithm in (("forged", "RS256"), ("next", "RS256"), ("secret", "HS256")):
            pretend.key, pretend.algorithm = key, algorithm
            assert (await tell(gate, pretend.logout_token(sid="s1"))).status_code == 400
        for method, body, status in BODIES:
            async with httpx.AsyncClient(timeout=60) as provider:
                address = f"http://{gate.address}{BACK_CHANNEL}"
                answer = await provider.request(method, address, content=body)
                assert answer.status_code == status, (method, body[:50])
        assert await is_in(browser)


async def test_a_log_out_token_counts_once(open_pretending):
    async with open_pretending() as (gate, pretend), gate.browser() as browser:
        token = pretend.logout_token()
        assert (await tell(gate, token)).status_code == 200
        await log_in(gate, pretend, browser)
        answer = await tell(gate, token)
        assert (answer.status_code, answer.json()["error_description"]) == (
            400,
            "log-out token: has counted before",
        )
        assert await is_in(browser)
        assert (await tell(gate, pretend.logout_token())).status_code == 200
        assert not await is_in(browser)


async def test_without_a_provider_nobody_logs_anybody_out(open_gate):
    async with open_gate(oidc=None) as gate, gate.browser() as browser:
        assert (await tell(gate, "a.b.c")).status_code == 404
        assert "Anmeldedienst" not in (await browser.post("/logout")).text


async def test_nobody_reads_in_the_table_whom_the_provider_knows(open_pretending):
    async with open_pretending() as (gate, pretend), gate.browser() as browser:
        await log_in(gate, pretend, browser, sid="session one at the provider")
        row = await gate.ground.pool.fetchrow("select * from session")
        await browser.get("/desk/")
        whole = repr(dict(row))
        words = (
            "anna",
            "session one at the provider",
            gate.caller("workspace").who,
            pretend.signed_last.split(".")[1],
        )
        assert not [word for word in words if word in whole]
        assert None not in (row["at_provider"], row["person"], row["id_token"])
