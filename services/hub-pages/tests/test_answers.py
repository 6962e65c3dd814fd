"""What a service with pages answers: tokens, prefixes, headers, assets, problems."""

import re

import httpx
import pytest
from httpx import ASGITransport

from hub_kit.testing import new_ring
from hub_kit.tokens import Caller, issue
from hub_pages.assets import Assets
from hub_pages.caller import prefix_of
from hub_pages.headers import SecurityHeaders

HTML = {"Accept": "text/html"}


@pytest.fixture
async def client(app):
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://sample") as client:
        yield client


def bearer(ring, audience="sample", **more):
    caller = Caller("agent-7", "musterstadt", "agent")
    return {"Authorization": f"Bearer {issue(ring, caller, audience, **more)}"}


async def test_the_gateways_words_count_behind_a_good_token(client, ring):
    said = {"X-Forwarded-Prefix": "/desk", "X-Faden-Name": "J%C3%B6rg%20%3Cb%3E"}
    answer = await client.get("/", headers=bearer(ring) | said)
    assert answer.status_code == 200
    assert "Jörg &lt;b&gt; /desk" in answer.text
    assert answer.headers["cache-control"] == "private, no-store"


async def test_without_a_good_token_nothing_is_shown(client, ring, tmp_path_factory):
    stranger = new_ring(tmp_path_factory.mktemp("stranger"))
    bad = [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic eDp5"},
        bearer(stranger),
        bearer(ring, "conversation_store"),
        bearer(ring, lifetime=-60),
    ]
    for headers in bad:
        answer = await client.get("/", headers=headers | HTML)
        assert (answer.status_code, "Muster" in answer.text) == (401, False)
        assert "Bitte melden Sie sich an" in answer.text


PREFIXES = [
    ("", ""),
    ("/", ""),
    ("/desk", "/desk"),
    ("/desk/", "/desk"),
    ("/a/b-c", "/a/b-c"),
    ("//evil.example", ""),
    ("https://evil.example", ""),
    ('/"><script>', ""),
    ("/..", ""),
    ("/desk\n", ""),
]


@pytest.mark.parametrize(("header", "prefix"), PREFIXES)
def test_a_prefix_is_a_plain_path(header, prefix):
    assert prefix_of(header) == prefix


PROBLEMS = [
    ("/nowhere", 404, "Diese Seite gibt es nicht", "not_found"),
    ("/away", 503, "Es wurde nichts verändert", "away"),
    ("/erased", 410, "Der Inhalt wurde gelöscht", "erased"),
    ("/number/x", 422, "Das konnten wir nicht lesen", "not_valid"),
    ("/broken", 500, "Der Fehler liegt bei uns", "broken"),
]


@pytest.mark.parametrize(("path", "status", "words", "code"), PROBLEMS)
async def test_errors_are_pages_for_people_and_problems_for_programs(
    client, path, status, words, code
):
    page = await client.get(path, headers=HTML)
    assert (page.status_code, words in page.text) == (status, True)
    problem = await client.get(path)
    assert (problem.status_code, problem.json()["type"]) == (status, f"urn:faden:problem:{code}")
    assert problem.headers["content-type"] == "application/problem+json"
    assert "secret" not in page.text + problem.text


async def test_assets_are_kept_for_ever_and_change_their_name(client, tmp_path):
    assets = Assets.read()
    inside = httpx.AsyncClient(transport=ASGITransport(assets), base_url="http://static")
    sheet = await inside.get(assets.path("hub.css"))
    assert sheet.headers["cache-control"].endswith("immutable")
    assert sheet.headers["content-encoding"] == "gzip"
    fonts = re.findall(r'url\("([^"]+)"\)', sheet.text)
    for font in fonts:  # relative addresses inside a style sheet lead to files
        assert (await inside.get(str(sheet.url.join(font)))).headers["content-type"] == "font/woff2"
    assert len(fonts) == 2
    plain = await inside.get(assets.path("hub.css"), headers={"Accept-Encoding": ""})
    assert plain.content == sheet.content
    older = await inside.get("/0123456789ab/hub.css")
    assert (older.status_code, older.headers["cache-control"]) == (200, "no-cache")
    for path in ("/", "/x", f"/{assets.version}/../pages.py", f"/{assets.version}/none.css"):
        assert (await inside.get(path)).status_code == 404
    assert (await inside.post(assets.path("hub.css"))).status_code == 405
    (tmp_path / "a.css").write_text("a", encoding="utf-8")
    before = Assets.read(tmp_path).version
    (tmp_path / "a.css").write_text("b", encoding="utf-8")
    assert Assets.read(tmp_path).version != before
    with pytest.raises(LookupError):
        assets.path("none.css")


async def test_every_answer_is_protected_and_a_stricter_policy_stays(app, ring):
    @app.get("/locked")
    async def locked():
        from fastapi import Response

        return Response("x", headers={"Content-Security-Policy": "sandbox"})

    guarded = SecurityHeaders(app, form_action=("https://login.example",))
    async with httpx.AsyncClient(transport=ASGITransport(guarded), base_url="http://x") as client:
        page = await client.get("/", headers=bearer(ring))
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self' https://login.example" in policy
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "<script>" not in page.text
        assert "style=" not in page.text
        assert (await client.get("/locked")).headers["content-security-policy"] == "sandbox"
