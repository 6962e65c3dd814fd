"""Every mistake in the configuration is one line with file, key and remedy, and code 2."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import yaml

from hub_kit.about import names
from hub_kit.keys import KeyRing, beside
from hub_kit.settings import HubSettings, Loaded
from hub_kit.testing import fresh_database
from local_hub.__main__ import main
from local_hub.check import _identity, check_handles
from local_hub.peers.identity import make_provider, playing
from local_hub.programs import migrations
from local_hub.testing import model


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """No hub of this machine, no variable of this shell plays a part."""
    monkeypatch.chdir(tmp_path)
    for name in ("HUB_CONFIG", "HUB_DATABASE", "HUB_BUS", "HUB_BLOBS", "HUB_KEYS_FILE"):
        monkeypatch.delenv(name, raising=False)


def write(folder, change):
    document = model()
    change(document)
    file = folder / "faden.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return file


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main([*map(str, arguments)])
    said = capsys.readouterr()
    return left.value.code or 0, said.out, said.err


def put(path, value):
    """Return a change of the file: `a.b.c` becomes `value`; None takes it away."""

    def change(document):
        *way, last = path.split(".")
        for key in way:
            document = document[key]
        if value is None:
            del document[last]
        else:
            document[last] = value

    return change


MISTAKES = [
    ("database", None, "database: ", "add the key"),
    ("bus", "rabbitmq", "bus: ", "write `postgresql` or `kafka://host:9092`"),
    ("colour", "blue", "colour: ", "remove it, or mend the spelling"),
    ("tenants.Muster Stadt", {"name": "x"}, "tenants.Muster Stadt", "use lower-case letters"),
    ("tenants.kleindorf.accounts.post.channel", "pigeon", "accounts.post.channel: ", "correct"),
    ("tenants.kleindorf.accounts.post.imapp", {}, "accounts.post.imapp: ", "mend the spelling"),
    ("tenants.kleindorf.accounts.post.address", "post", "accounts.post", "name@domain"),
    (
        "tenants.kleindorf.accounts.post.address",
        "post@musterstadt.example",
        "tenants.kleindorf.accounts.post",
        "remove it from one",
    ),
    ("services.channel_email.smtp", "2525", "services.channel_email.smtp: ", "write host:port"),
    ("services.channel_email.sise_limit", 5, "channel_email.sise_limit: ", "mend the spelling"),
    ("services.channel_emil", {}, "services.channel_emil: ", "write one of"),
    ("services.gateway.door", "8080", "services.gateway.door: ", "write host:port"),
    ("services.gateway.hosts", {"a.example": "x"}, "gateway.hosts.a.example: ", "correct it"),
    (
        "services.gateway.oidc.client_secret_file",
        "/nowhere/secret",
        "/nowhere/secret: ",
        "correct client_secret_file",
    ),
    ("tenants.kleindorf.face", "none", "kleindorf.face: ", "No such file or directory; correct"),
    ("tenants.desk", {"name": "x"}, "tenants.desk: ", "name it otherwise"),
    ("services.channel_web.store", "8010", "services.channel_web.store: ", "write http://"),
    ("services.peers.identity", "nowhere", "services.peers.identity: ", "write host:port"),
    ("services.peers.hub", "nowhere", "services.peers.hub: ", "write host:port"),
    (
        "services.channel_email.relay.user",
        "faden",
        "services.channel_email.relay",
        "password_file or password_env",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake[0])
@pytest.mark.parametrize("command", ["check", "up"])
def test_mistakes(tmp_path, capsys, command, mistake):
    path, value, key, remedy = mistake
    file = write(tmp_path, put(path, value))
    code, _, err = run(capsys, command, "--config", file, "--data", tmp_path / "data")
    assert code == 2
    (line,) = err.splitlines()
    assert line.startswith(f"faden: {file}: ")
    assert key in line
    assert remedy in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory; name the file in HUB_CONFIG"),
        ("tenants:\n - {", "is not YAML; check indent and colons"),
        ("[]", "must be a mapping; see deploy/local-hub/faden.yaml"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, capsys, text, said):
    file = tmp_path / "other.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    code, _, err = run(capsys, "check", "--config", file)
    assert code == 2
    (line,) = err.splitlines()
    assert line.startswith(f"faden: {file}:")
    assert said in line


BAD_FACE = {"face.yaml": 'colour: "#ffff00"\nfone: 1', "imprint.de.md": "# A\n\n[b](ftp://c)"}


def test_all_that_is_wrong_with_a_face_is_said_at_once(tmp_path, capsys):
    folder = tmp_path / "town"
    folder.mkdir()
    for name, text in BAD_FACE.items():
        (folder / name).write_text(text, encoding="utf-8")
    file = write(tmp_path, put("tenants.musterstadt.face", "town"))
    code, _, err = run(capsys, "check", "--config", file)
    start = f"faden: {file}: tenants.musterstadt.face: {folder}/"
    assert code == 2
    assert [line.removeprefix(start).partition(": ")[0] for line in err.splitlines()] == [
        "face.yaml",
        "imprint.de.md",
    ]
    code, _, err = run(capsys, "up", "--config", file, "--data", tmp_path / "data")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"{start}face.yaml: fone: ")
    assert "mend the spelling (1 more after this one)" in err


def test_what_cannot_be_reached(tmp_path, capsys):
    def away(document):
        document["database"] = f"postgresql://{{role}}@/faden?host={tmp_path}"
        document["bus"] = "kafka://127.0.0.1:1"
        document["blobs"] = "/proc/faden"
        document["keys_file"] = str(tmp_path / "none.json")
        document["services"]["channel_email"]["relay"]["port"] = 1
        document["services"]["channel_fax"]["telnyx"]["api"] = "http://127.0.0.1:1"
        document["services"]["channel_phone"]["twilio"] = "http://127.0.0.1:1"
        document["services"]["channel_sms"]["twilio"] = "http://127.0.0.1:1"
        document["services"]["gateway"]["oidc"]["issuer"] = "http://127.0.0.1:1"

    file = write(tmp_path, away)
    code, out, err = run(capsys, "check", "--config", file, "--json")
    assert code == 2
    assert {row["key"] for row in json.loads(out) if not row["fault"]} == {
        "tenants",
        "tenants.musterstadt.face",
        "services",
    }
    lines = sorted(line.removeprefix(f"faden: {file}: ") for line in err.splitlines())
    expected = [
        ("blobs: ", "make it writable, or name another place"),
        ("bus: 127.0.0.1:1 cannot be reached", "start it, or correct it"),
        *(
            (f"database: {service} cannot connect", "start it, or correct the DSN")
            for service in names()
        ),
        ("keys_file: No such file or directory", "make one with `faden keys`"),
        ("services.channel_email.relay: cannot be reached", "correct host and port"),
        ("services.channel_fax.telnyx.api: cannot be reached", "correct host and port"),
        ("services.channel_phone.twilio: cannot be reached", "correct host and port"),
        ("services.channel_sms.twilio: cannot be reached", "correct host and port"),
        ("services.gateway.oidc: the log-in provider", "start it, or correct issuer"),
        (
            "tenants.musterstadt.accounts.faxdienst.api_key_file: .faden/carrier.token: No such",
            "correct api_key_file",
        ),
        (
            "tenants.musterstadt.accounts.faxdienst.public_key_file: .faden/fax.key: No such file",
            "correct public_key_file",
        ),
        (
            "tenants.musterstadt.accounts.sms.auth_token_file: .faden/carrier.token: No such file",
            "correct auth_token_file",
        ),
    ]
    assert len(lines) == len(expected)
    for line, (fault, remedy) in zip(lines, expected, strict=True):
        assert line.startswith(fault)
        assert line.endswith(remedy)


def test_keys_are_made_once(tmp_path, capsys):
    file = tmp_path / "keys.json"
    assert run(capsys, "keys", file)[0] == 0
    assert file.stat().st_mode & 0o777 == 0o600
    before = KeyRing.read(file)
    code, _, err = run(capsys, "keys", file)
    assert (code, err) == (2, f"faden: {file}: File exists; name another file\n")
    assert KeyRing.read(file) == before


def test_pairs_of_service_tokens_are_made_where_they_are_missing_and_replaced(tmp_path, capsys):
    file = tmp_path / "keys.json"
    run(capsys, "keys", file)
    first = KeyRing.read(file).tokens.own.name
    (beside(file) / "workspace.pem").unlink()
    assert "workspace" in run(capsys, "keys", file)[1]
    assert KeyRing.read(file).tokens.own.name == first
    assert run(capsys, "keys", file, "--rotate")[0] == 0
    ring = KeyRing.read(file)
    assert ring.tokens.own.name != first
    assert ring.tokens.find(first), "the last one stays good"


@pytest.fixture
async def logged_in_in_vain(cluster):
    """A gateway's schema where the last log-in brought no `faden`; yields the DSN of the roles."""
    async with fresh_database(cluster, {"gateway": migrations()["gateway"]}) as owner:
        connection = await asyncpg.connect(owner)
        await connection.execute(
            "insert into gateway.lack (expected, kind, came) values ('faden', '', '{name,sub}')"
        )
        await connection.close()
        yield cluster.database(urlsplit(owner).path[1:], "{role}")


PROVIDERS = [
    ("faden", "services.gateway.oidc.claim", "the claim faden did not come; what came: name, sub"),
    ("groups", "services.gateway.oidc", ""),  # the file has been corrected since
]


@pytest.mark.parametrize(("claim", "key", "fault"), PROVIDERS)
async def test_which_claim_is_lacking(logged_in_in_vain, claim, key, fault):
    server = make_provider("127.0.0.1:0", {})
    oidc = {"issuer": f"http://127.0.0.1:{server.server_port}", "claim": claim}
    hub = HubSettings(
        database=logged_in_in_vain,
        blobs="none",
        keys_file="none",
        services={"gateway": {"oidc": oidc}},
    )
    loaded = Loaded(Path("faden.yaml"), hub)
    with playing(server):
        finding = await _identity(loaded)
    assert finding.key == key
    assert bool(finding.fault) == bool(fault)
    assert finding.fault.endswith(fault)
    assert not fault or finding.remedy.startswith("let the provider put it into the ID token")


@pytest.mark.parametrize(("number", "is_well"), [(1024, False), (4095, False), (4096, True)])
def test_too_few_file_handles_are_said(tmp_path, number, is_well):
    loaded = Loaded.read(write(tmp_path, lambda _: None))
    lines = [found.line(loaded) for found in check_handles(number)]
    assert is_well == (lines == [])
    assert all("file handles: few" in line and "LimitNOFILE=" in line for line in lines)
