"""Logging in and out as people do it, and every way in that must stay shut."""

from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx
import pytest


async def test_from_the_desk_to_the_provider_and_back(gate):
    async with gate.browser() as browser:
        sent = await browser.get("/desk/conversations?view=mine")
        assert sent.status_code == 303
        assert sent.headers["location"] == "/login?to=/desk/conversations%3Fview%3Dmine"
        asked = await browser.get(sent.headers["location"])
        query = parse_qs(urlsplit(asked.headers["location"]).query)
        assert query["code_challenge_method"] == ["S256"]
        assert {"state", "nonce", "code_challenge"} <= query.keys()
        back = await gate.log_in(browser, "anna", to="/desk/conversations?view=mine")
        assert back.status_code == 303
        assert back.headers["location"] == "/desk/conversations?view=mine"
        answer = await browser.get(back.headers["location"])
    assert answer.json()["path"] == "/conversations"
    assert answer.json()["query"] == "view=mine"
    caller = gate.caller("workspace")
    assert (caller.tenant, caller.role) == ("musterstadt", "agent")
    assert len(caller.who) == 32
    assert "anna" not in caller.who
    assert ["x-faden-name", "Anna%20%C3%84mter"] in answer.json()["headers"]


async def test_the_session_cookie_is_out_of_reach(gate):
    async with gate.browser() as browser:
        back = await gate.log_in(browser, "anna")
    cookies = back.headers.get_list("set-cookie")
    (session,) = [c for c in cookies if c.startswith("faden_session=")]
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Path=/" in session
    assert "Secure" not in session  # plain http is configured
    assert all("Path=/login" in c for c in cookies if c.startswith("faden_login_"))


async def test_with_https_cookies_are_bound_to_it(open_gate):
    async with open_gate(public="https://amt.example") as gate:
        headers = {"Host": "amt.example", "Origin": "https://amt.example"}
        async with gate.browser(headers=headers) as browser:
            asked = await browser.get("/login")
            assert "Secure" in asked.headers["set-cookie"]
            assert asked.headers["strict-transport-security"] == "max-age=31536000"
            query = parse_qs(urlsplit(asked.headers["location"]).query)
    assert query["redirect_uri"] == ["https://amt.example/login/callback"]


async def test_several_roles_are_chosen_from(gate, title):
    async with gate.browser() as browser:
        back = await gate.log_in(browser, "otto", to="/desk/x")
        assert back.headers["location"] == "/login/as?to=/desk/x"
        assert (await browser.get("/desk/")).headers["location"] == "/login/as"
        page = await browser.get(back.headers["location"])
        assert title(page) == "Worum geht es jetzt?"
        assert "Stadt Musterstadt – Betrieb" in page.text
        wrong = await browser.post("/login/as", data={"grant": "kleindorf/agent"})
        assert wrong.status_code == 403
        path = back.headers["location"]
        done = await browser.post(path, data={"grant": "musterstadt/operator"})
        assert done.headers["location"] == "/desk/x"
        assert (await browser.get("/desk/x")).status_code == 200
        assert gate.caller("workspace").role == "operator"


async def test_who_has_no_role_here_stays_outside(gate, title):
    async with gate.browser() as browser:
        back = await gate.log_in(browser, "fritz")
        assert back.status_code == 403
        assert title(back) == "Sie haben hier noch keine Rolle"
        assert (await browser.get("/desk/")).status_code == 303
    assert gate.behind.got == []


async def test_logging_out_ends_it_everywhere(gate, title):
    async with gate.browser() as browser:
        await gate.log_in(browser, "anna")
        copy = dict(browser.cookies)
        assert title(await browser.get("/logout")) == "Möchten Sie sich abmelden?"
        page = await browser.post("/logout")
        assert title(page) == "Sie sind abgemeldet"
        assert '/oauth2/end_session" data-at-once' in page.text
        assert "faden_session" not in browser.cookies
    async with gate.browser(cookies=copy) as thief:
        assert (await thief.get("/desk/")).status_code == 303


@pytest.mark.parametrize(
    "aged", ["seen_at = now() - interval '31 minutes'", "begun_at = now() - interval '601 minutes'"]
)
async def test_sessions_end(gate, aged):
    async with gate.browser() as browser:
        await gate.log_in(browser, "anna")
        assert (await browser.get("/desk/")).status_code == 200
        await gate.ground.pool.execute(f"update session set {aged}")
        assert (await browser.get("/desk/")).status_code == 303
        # What is sent by a script or a form is told where, and nothing of it reaches a service.
        sent = await browser.post("/desk/drafts", content=b"x")
        assert sent.status_code == 401
        assert sent.headers["x-faden-login"] == "/login?to=/desk/drafts"


async def test_using_a_session_keeps_it(gate):
    async with gate.browser() as browser:
        await gate.log_in(browser, "anna")
        await gate.ground.pool.execute("update session set seen_at = now() - interval '29 minutes'")
        live = {"Accept": "text/event-stream"}
        async with browser.stream("GET", "/desk/live", headers=live) as answer:
            assert answer.status_code == 200
        seen = "select now() - seen_at < interval '1 minute' from session"
        assert not await gate.ground.pool.fetchval(seen), "a live page that is open uses nothing"
        await browser.get("/desk/")
        assert await gate.ground.pool.fetchval(seen)


async def test_nobody_reads_in_the_table_who_is_logged_in(gate):
    async with gate.browser() as browser:
        await gate.log_in(browser, "anna")
        cookie = browser.cookies["faden_session"]
    row = await gate.ground.pool.fetchrow("select id, content from session")
    whole = row["id"] + row["content"]
    assert not any(word in whole for word in (b"Anna", b"anna", b"musterstadt", cookie.encode()))


def changed(address: str, **more: str) -> str:
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | more
    return urlunsplit(parts._replace(query=urlencode(query)))


@pytest.mark.parametrize(
    "change",
    [
        {"state": "another"},
        {"state": ""},
        {"code": "guessed"},
        {"code": ""},
    ],
)
async def test_a_changed_answer_of_the_provider_opens_nothing(gate, agree, title, change):
    async with gate.browser() as browser:
        asked = await browser.get("/login")
        back = changed(await agree(asked.headers["location"], "anna"), **change)
        answer = await browser.get(back)
        assert answer.status_code == 403
        assert title(answer) == "Die Anmeldung hat nicht geklappt"
        assert "faden_session" not in browser.cookies


async def test_another_browser_cannot_finish_a_log_in(gate, agree):
    """Else a link could log somebody in as somebody else (login CSRF)."""
    async with gate.browser() as browser, gate.browser() as victim:
        asked = await browser.get("/login")
        back = await agree(asked.headers["location"], "anna")
        assert (await victim.get(back)).status_code == 403
        assert (await browser.get(back)).status_code == 303


async def test_a_code_opens_once(gate, agree):
    async with gate.browser() as browser:
        asked = await browser.get("/login")
        back = await agree(asked.headers["location"], "anna")
        kept = dict(browser.cookies)
        assert (await browser.get(back)).status_code == 303
    async with gate.browser(cookies=kept) as again:
        assert (await again.get(back)).status_code == 403


async def test_refused_at_the_provider(gate, title):
    async with gate.browser() as browser:
        asked = await browser.get("/login")
        async with httpx.AsyncClient(timeout=60) as elsewhere:
            said = await elsewhere.post(asked.headers["location"], data={"action": "deny"})
        answer = await browser.get(
            changed(
                said.headers["location"],
                state=parse_qs(urlsplit(asked.headers["location"]).query)["state"][0],
            )
        )
        assert answer.status_code == 403
        assert title(answer) == "Die Anmeldung hat nicht geklappt"


async def test_a_provider_that_is_away_is_said(open_gate, title):
    oidc = {"issuer": "http://127.0.0.1:9", "client_id": "faden"}
    async with open_gate(oidc=oidc) as gate, gate.browser() as browser:
        answer = await browser.get("/login")
        assert answer.status_code == 503
        assert title(answer) == "Das geht gerade nicht"


async def test_without_a_provider_nobody_logs_in(open_gate, title):
    async with open_gate(oidc=None) as gate, gate.browser() as browser:
        assert title(await browser.get("/login")) == "Die Anmeldung ist nicht eingerichtet"
        assert (await browser.get("/login/callback?code=x&state=y")).status_code == 404


async def test_a_host_of_one_authority_lets_only_its_people_in(open_gate, agree):
    hosts = {"amt.kleindorf.example": "kleindorf"}
    async with open_gate(hosts=hosts) as gate:
        headers = {"Host": "amt.kleindorf.example"}
        async with gate.browser(headers=headers) as browser:
            for who, code in (("anna", 403), ("klara", 303)):
                asked = await browser.get("/login")
                back = urlsplit(await agree(asked.headers["location"], who))
                assert back.netloc == "amt.kleindorf.example"
                # As if the name led here.
                answer = await browser.get(
                    f"/login/callback?{back.query}",
                    headers={"Cookie": "; ".join(f"{n}={v}" for n, v in cookies_of(asked))},
                )
                assert answer.status_code == code


def cookies_of(answer):
    pairs = [c.partition(";")[0].partition("=") for c in answer.headers.get_list("set-cookie")]
    return [(name, value) for name, _, value in pairs]
