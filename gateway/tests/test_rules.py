"""The pure rules of the door, as tables: where to, from where, what passes, who may be what."""

import pytest

from gateway import answer
from gateway.claims import lack_of, laid_over
from gateway.cross_site import is_ours
from gateway.filter import Said, hooked, inward, outward
from gateway.grant import grants_of
from gateway.limit import asker
from gateway.log_in import local
from gateway.route import Forward, Move, Own, route
from gateway.sessions import Grant
from gateway.settings import GatewaySettings, Oidc, read_settings
from hub_kit.settings import ConfigurationError, Loaded
from hub_pages.catalogue import find_gaps

TENANTS = {"musterstadt", "kleindorf"}
WEB, DESK, WORLD = "http://web:1", "http://desk:1", "http://world:1"
PAPER = "http://paper:1"
SETTINGS = GatewaySettings(
    public="https://faden.example",
    hosts={"amt.kleindorf.example": "kleindorf"},
    channel_web=WEB,
    channel_paper=PAPER,
    workspace=DESK,
    routes={"/table": WORLD},
)


def web(path, tenant="musterstadt"):
    return Forward(WEB, path, f"/{tenant}", "channel_web", "portal", tenant)


def desk(path, tenant=""):
    return Forward(DESK, path, "/desk", "workspace", "desk", tenant)


def scans(path, tenant=""):
    return Forward(PAPER, path, "/scans", "channel_paper", "scans", tenant)


HERE, KLEINDORF = "faden.example", "amt.kleindorf.example"
ROUTES = [
    (HERE, "/", Own.HOME),
    (HERE, "/static/x/hub.css", Own.STATIC),
    (HERE, "/login", Own.LOGIN),
    (HERE, "/login/callback", Own.LOGIN),
    (HERE, "/logout", Own.LOGOUT),
    (HERE, "/logout/back-channel", Own.BACK_CHANNEL),
    (HERE, "/logout/back%2Dchannel", Own.LOGOUT),
    (HERE, "/logout/done", Own.LOGOUT),
    (HERE, "/desk", Move("/desk/")),
    (HERE, "/desk/", desk("/")),
    (HERE, "/desk/conversations/1", desk("/conversations/1")),
    (HERE, "/desk/operations", desk("/operations")),
    (HERE, "/musterstadt", Move("/musterstadt/")),
    (HERE, "/musterstadt/", web("/")),
    (HERE, "/musterstadt/kontakt", web("/kontakt")),
    (HERE, "/musterstadt/a%2Fb", web("/a%2Fb")),
    (HERE, "/musterstadt/a;b=1", web("/a;b=1")),
    (HERE, "/kleindorf/", web("/", "kleindorf")),
    (HERE, "/table", Forward(WORLD, "/table", "/table")),
    (HERE, "/table/x", Forward(WORLD, "/table/x", "/table")),
    (HERE, "/tables", None),
    (HERE, "/elsewhere/", None),
    (HERE, "/.well-known/security.txt", Own.SECURITY_TXT),
    (HERE, "/.well-known/security.txt/x", None),
    (HERE, "/.well-known/x", None),
    (HERE, "/healthz", None),
    (HERE, "/readyz", None),
    (HERE, "/metrics", None),
    (HERE, "/desk/metrics", None),
    (HERE, "/desk/healthz", None),
    (HERE, "/desk/openapi.json", None),
    (HERE, "/desk/docs/oauth2-redirect", None),
    (HERE, "/musterstadt/readyz", None),
    (HERE, "/musterstadt/%6Detrics", None),
    (HERE, "/musterstadt/operations", None),
    (HERE, "/musterstadt/operations/replay/1", None),
    (HERE, "/musterstadt/hooks/x", None),
    (HERE, "/desk/hooks/x", None),
    (HERE, "/hooks", None),  # those below it have a door of their own: test_hooks
    (HERE, "//desk/", None),
    (HERE, "/desk/../musterstadt/", None),
    (HERE, "/musterstadt/%2e%2e/desk/", None),
    (HERE, "/musterstadt/x/%2E/y", None),
    (HERE, "/musterstadt\\..\\desk", None),
    (HERE, "/musterstadt/%5c", None),
    (HERE, "/musterstadt/%00", None),
    (HERE, "/musterstadt/%ff", None),
    (HERE, "desk", None),
    (KLEINDORF, "/", Move("/kleindorf/")),
    (KLEINDORF, "/kleindorf/", web("/", "kleindorf")),
    (KLEINDORF, "/musterstadt/", None),
    (HERE, "/scans", Move("/scans/")),
    (HERE, "/scans/uploads", scans("/uploads")),
    (HERE, "/scans/operations", None),
    (HERE, "/scans/metrics", None),
    (KLEINDORF, "/scans/", scans("/", "kleindorf")),
    (KLEINDORF, "/desk/", desk("/", "kleindorf")),
    ("localhost:8080", "/desk/x", Move("https://faden.example/desk/x")),
    ("evil.example", "/", Move("https://faden.example/")),
    ("evil.example", "//evil.example", None),
    ("", "/", Move("https://faden.example/")),
]


@pytest.mark.parametrize(("host", "path", "place"), ROUTES)
def test_where_to(host, path, place):
    assert route(host, path, SETTINGS, TENANTS) == place


OURS = "https://faden.example"
SITES = [
    ("GET", {}, True),
    ("HEAD", {"sec-fetch-site": "cross-site"}, True),
    ("POST", {"sec-fetch-site": "same-origin"}, True),
    ("POST", {"sec-fetch-site": "none"}, True),  # typed, or a bookmark
    ("POST", {"sec-fetch-site": "same-site"}, False),
    ("POST", {"sec-fetch-site": "cross-site"}, False),
    ("POST", {"sec-fetch-site": "cross-site", "origin": OURS}, False),
    ("DELETE", {"sec-fetch-site": "cross-site"}, False),
    ("PUT", {"sec-fetch-site": "something new"}, False),
    ("POST", {"origin": OURS}, True),
    ("POST", {"origin": "HTTPS://Faden.example"}, True),
    ("POST", {"origin": "http://faden.example"}, False),
    ("POST", {"origin": "https://faden.example.evil.example"}, False),
    ("POST", {"origin": "null"}, False),
    ("POST", {}, False),
    ("POST", {"referer": OURS}, False),
]


@pytest.mark.parametrize(("method", "headers", "ours"), SITES)
def test_from_where(method, headers, ours):
    assert is_ours(method, headers, OURS) is ours


SAID = Said("our.token", "/desk", "https", "192.0.2.1", "Jörg")
OUR_HEADERS = [
    (b"authorization", b"Bearer our.token"),
    (b"x-forwarded-prefix", b"/desk"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-for", b"192.0.2.1"),
    (b"x-faden-name", b"J%C3%B6rg"),
]
INWARD = [
    ((b"accept", b"text/html"), [(b"accept", b"text/html")]),
    ((b"if-none-match", b'"x"'), [(b"if-none-match", b'"x"')]),
    ((b"hx-request", b"true"), [(b"hx-request", b"true")]),
    ((b"host", b"faden.example"), [(b"host", b"faden.example")]),
    ((b"authorization", b"Bearer stolen"), []),
    ((b"proxy-authorization", b"x"), []),
    ((b"x-forwarded-for", b"10.0.0.1"), []),
    ((b"x-forwarded-prefix", b"/kleindorf"), []),
    ((b"x-forwarded-host", b"evil.example"), []),
    ((b"forwarded", b"for=10.0.0.1"), []),
    ((b"x-real-ip", b"10.0.0.1"), []),
    ((b"x-faden-name", b"Chef"), []),
    ((b"x-original-url", b"/metrics"), []),
    ((b"x-http-method-override", b"DELETE"), []),
    ((b"traceparent", b"00-x"), []),
    ((b"te", b"trailers"), []),
    ((b"upgrade", b"websocket"), []),
    ((b"connection", b"keep-alive, X-Secret"), []),
    ((b"x-secret", b"named above"), []),
    ((b"cookie", b"faden_session=s; other=1"), []),
    ((b"cookie", b"faden_citizen=c; x=1; faden_theme=dark"), [(b"cookie", b"faden_citizen=c; faden_theme=dark")]),
]  # fmt: skip


def test_what_passes_inwards():
    got = inward([header for header, _ in INWARD], SAID)
    passing = [header for _, headers in INWARD for header in headers]
    cookies = [header for header in passing if header[0] == b"cookie"]
    assert got[: -len(OUR_HEADERS) - 1] == [h for h in passing if h not in cookies]
    assert got[-len(OUR_HEADERS) :] == OUR_HEADERS
    assert inward([], Said("", "/table", "http", "")) == [
        (b"x-forwarded-prefix", b"/table"),
        (b"x-forwarded-proto", b"http"),
    ]


@pytest.mark.parametrize("header", [header for header, passing in INWARD if not passing])
def test_what_does_not_pass_inwards(header):
    headers = [header] if header[0] != b"x-secret" else [header, (b"connection", b"x-secret")]
    assert inward(headers, SAID) == OUR_HEADERS


def test_of_a_hook_the_same_passes_but_cookies_and_the_providers_own_password():
    said = Said("", "", "https", "192.0.2.1")
    ours = [(b"x-forwarded-proto", b"https"), (b"x-forwarded-for", b"192.0.2.1")]
    got = hooked([header for header, _ in INWARD], said)
    passing = [h for header, headers in INWARD for h in headers if header[0] != b"cookie"]
    assert got == [*passing, *ours, (b"authorization", b"Bearer stolen")]


def test_a_body_has_one_length():
    """A request with two is read in two ways: RFC 9112 §6.1."""
    headers = [(b"content-length", b"4"), (b"transfer-encoding", b"chunked")]
    assert inward(headers, Said("", "", "", "")) == [(b"transfer-encoding", b"chunked")]


OUTWARD = [
    ((b"Content-Type", b"text/html"), (b"content-type", b"text/html")),
    ((b"Content-Security-Policy", b"sandbox"), (b"content-security-policy", b"sandbox")),
    ((b"Server", b"uvicorn"), None),
    ((b"Date", b"today"), None),
    ((b"Transfer-Encoding", b"chunked"), None),
    ((b"Connection", b"close"), None),
    ((b"Set-Cookie", b"faden_session=x; Path=/"), None),
    ((b"Set-Cookie", b"tracker=x"), None),
    (
        (b"Set-Cookie", b"faden_citizen=x; Max-Age=1800; Path=/; Domain=example; SameSite=None"),
        (b"set-cookie", b"faden_citizen=x; Max-Age=1800; Path=/desk; HttpOnly; SameSite=Lax; Secure"),
    ),
    (
        (b"Set-Cookie", b"faden_language=en; Path=/desk"),
        (b"set-cookie", b"faden_language=en; Path=/; HttpOnly; SameSite=Lax; Secure"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("header", "passing"), OUTWARD)
def test_what_passes_outwards(header, passing):
    assert outward([header], "/desk", secure=True) == ([passing] if passing else [])


def test_an_answer_to_a_hook_sets_no_cookie():
    assert outward([(b"set-cookie", b"faden_theme=dark")], "", secure=True) == []


def oidc(claim="faden", **groups):
    return Oidc(issuer="https://login.example", claim=claim, groups=groups)


GRANTS = [
    ({"faden": "musterstadt/agent"}, oidc(), ["musterstadt/agent"]),
    ({"faden": ["musterstadt/agent", "musterstadt/agent"]}, oidc(), ["musterstadt/agent"]),
    ({"faden": ["kleindorf/operator", "musterstadt/supervisor"]}, oidc(), ["kleindorf/operator", "musterstadt/supervisor"]),
    ({"https://x.example/r": ["amt"]}, oidc("https://x.example/r", amt="kleindorf/agent"), ["kleindorf/agent"]),
    ({"realm_access": {"roles": ["x", "amt"]}}, oidc("realm_access.roles", amt="kleindorf/agent"), ["kleindorf/agent"]),
    ({"faden": ["musterstadt/agent"]}, oidc(amt="kleindorf/agent"), []),  # groups are named: only they count
    ({"faden": ["elsewhere/agent", "musterstadt/king", "musterstadt/citizen", "musterstadt/service"]}, oidc(), []),
    ({"faden": ["musterstadt", "/agent", "", "musterstadt/"]}, oidc(), []),
    ({"faden": {"musterstadt": "agent"}}, oidc(), []),
    ({"faden": [["musterstadt/agent"], 7, None]}, oidc(), []),
    ({"faden": "musterstadt/agent"}, oidc("faden.deeper"), []),
    ({}, oidc(), []),
]  # fmt: skip


@pytest.mark.parametrize(("claims", "settings", "grants"), GRANTS)
def test_who_may_be_what(claims, settings, grants):
    expected = tuple(Grant(*grant.split("/")) for grant in grants)
    assert grants_of(claims, settings, TENANTS) == expected


LACKS = [
    ({"faden": "musterstadt/agent"}, "faden", None),
    ({"faden": ["citizens"]}, "faden", None),
    ({"faden": []}, "faden", None),  # it came; this person has nothing in it
    ({"sub": "s3cret", "aud": "x"}, "faden", "faden did not come; what came: aud, sub"),
    ({"faden": None}, "faden", "faden did not come; what came: faden"),
    ({}, "faden", "faden did not come; what came: "),
    ({"faden": 7}, "faden", "faden is a number, not a text or a list of texts; what came: faden"),
    ({"faden": True}, "faden", "faden is true or false, not"),
    ({"faden": {"s3cret": 1}}, "faden", "faden is an object, not"),
    ({"faden": [{"name": "s3cret"}]}, "faden", "faden is a list without texts, not"),
    (
        {"realm_access": {"rolls": ["s3cret"]}, "sub": "x"},
        "realm_access.roles",
        "realm_access.roles did not come; what came: realm_access, realm_access.rolls, sub",
    ),
    ({"realm_access": "s3cret"}, "realm_access.roles", "realm_access.roles did not come; what"),
    ({"a\nb": 1, "c" * 999: 1}, "faden", f"faden did not come; what came: {'c' * 80}"),
]


@pytest.mark.parametrize(("claims", "path", "said"), LACKS)
def test_which_claim_is_lacking_is_said_by_names_alone(claims, path, said):
    lack = lack_of(claims, path)
    assert (lack is None) == (said is None)
    if lack:
        assert lack.say().startswith(f"the claim {said}")
        assert "s3cret" not in lack.say()


OVER = [
    ({"a": 1, "b": 2}, {"b": 3, "c": 4}, {"a": 1, "b": 3, "c": 4}),
    ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
    ({"a": {"x": 1}}, {"a": ["y"]}, {"a": ["y"]}),
    ({"a": ["x"]}, {"a": None}, {"a": ["x"]}),  # null says nothing
    ({"a": {"x": 1}}, {"a": {"x": None}}, {"a": {"x": 1}}),
]


@pytest.mark.parametrize(("userinfo", "token", "both"), OVER)
def test_what_the_id_token_says_counts_before_userinfo(userinfo, token, both):
    assert laid_over(userinfo, token) == both


LOCAL = [
    ("/desk/", "/desk/"),
    ("/desk/x?y=1&z=/", "/desk/x?y=1&z=/"),
    ("", "/desk/"),
    ("desk", "/desk/"),
    ("//evil.example/", "/desk/"),
    ("/\\evil.example", "/desk/"),
    ("https://evil.example/", "/desk/"),
    ("javascript:alert(1)", "/desk/"),
    ("/x\r\nSet-Cookie: a", "/desk/"),
]


@pytest.mark.parametrize(("to", "goes"), LOCAL)
def test_nobody_is_sent_elsewhere(to, goes):
    assert local(to) == goes


ASKERS = [
    ("192.0.2.1", "192.0.2.1"),
    ("::ffff:192.0.2.1", "192.0.2.1"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
    ("", ""),
]


@pytest.mark.parametrize(("peer", "who"), ASKERS)
def test_who_counts_as_one(peer, who):
    assert asker(peer) == who


MISTAKES = [
    ("tenants: {desk: {name: Amt}}", "tenants.desk"),
    ("tenants: {hooks: {name: Amt}}", "tenants.hooks"),
    ("tenants: {table: {name: Amt}}\nservices: {gateway: {routes: {/table: 'http://x'}}}", "tenants.table"),
    ("services: {gateway: {hosts: {a.example: nobody}}}", "services.gateway.hosts.a.example"),
    ("services: {gateway: {hosts: {'A.example/x': nobody}}}", "services.gateway"),
    ("services: {gateway: {door: 'x'}}", "services.gateway.door"),
    ("services: {gateway: {public: 'faden.example'}}", "services.gateway.public"),
    ("services: {gateway: {public: 'https://faden.example/x'}}", "services.gateway.public"),
    ("services: {gateway: {routes: {/desk: 'http://x'}}}", "services.gateway.routes"),
    ("services: {gateway: {limits: {read: {times: 0, seconds: 1}}}}", "services.gateway.limits.read.times"),
    ("services: {gateway: {oidc: {issuer: login.example}}}", "services.gateway.oidc.issuer"),
    ("services: {gateway: {oidc: {issuer: 'https://x', client_secret: geheim}}}", "services.gateway.oidc.client_secret"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key"), MISTAKES)
def test_a_mistake_is_one_line(tmp_path, text, key):
    path = tmp_path / "faden.yaml"
    base = "database: 'postgresql://x'\nblobs: b\nkeys_file: k\n"
    path.write_text(base + text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as said:
        read_settings(Loaded.read(path))
    assert f"{path}: {key}" in str(said.value)
    assert "\n" not in str(said.value)


def test_a_secret_comes_from_elsewhere(tmp_path, monkeypatch):
    file = tmp_path / "secret"
    with pytest.raises(ConfigurationError, match="correct client_secret_file"):
        Oidc(issuer="https://x", client_secret_file=file).secret()
    file.write_text("geheim\n")
    assert Oidc(issuer="https://x", client_secret_file=file).secret() == "geheim"
    with pytest.raises(ConfigurationError, match="FADEN_SECRET is not set"):
        Oidc(issuer="https://x", client_secret_env="FADEN_SECRET").secret()
    monkeypatch.setenv("FADEN_SECRET", "geheimer")
    assert Oidc(issuer="https://x", client_secret_env="FADEN_SECRET").secret() == "geheimer"
    assert Oidc(issuer="https://x").secret() == ""


def test_every_sentence_is_there_in_english():
    assert find_gaps(answer.HERE) == []
