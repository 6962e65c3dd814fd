"""Broken settings say file, key and remedy in one line; the environment overrides the file."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from hub_contract.words import Channel
from hub_kit.settings import ConfigurationError, Loaded, Section, or_exit

GOOD = """
database: "postgresql://{role}@/faden?host=/run"
blobs: .faden/blobs
keys_file: .faden/keys.json
tenants:
  musterstadt:
    name: Stadt Musterstadt
    accounts:
      post: {channel: email, address: post@musterstadt.example, imap: {host: mail, port: 993}}
      fax: {channel: fax, address: "+4930123456"}
services:
  channel_email: {http: "127.0.0.1:8011", size_limit: 1000}
"""


class Relay(Section):
    host: str
    port: int = 25


class EmailSettings(Section):
    http: str
    size_limit: int = 5
    strict: bool = False
    password: str = ""
    hosts: tuple[str, ...] = ()
    relay: Relay | None = None


class Imap(Section):
    host: str
    port: int = 143
    password: str = ""


class EmailAccount(Section):
    address: str
    imap: Imap | None = None


@pytest.fixture
def write(tmp_path, monkeypatch):
    for name in ("HUB_CONFIG", "HUB_DATABASE", "HUB_BUS", "HUB_BLOBS", "HUB_KEYS_FILE"):
        monkeypatch.delenv(name, raising=False)

    def write(text: str | bytes) -> Path:
        path = tmp_path / "faden.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_a_good_file_is_read_and_frozen(write):
    loaded = Loaded.read(write(GOOD))
    assert loaded.hub.bus == "postgresql"
    assert [(t, n) for t, n, _ in loaded.hub.accounts(Channel.EMAIL)] == [("musterstadt", "post")]
    email = loaded.section("channel_email", EmailSettings)
    assert (email.http, email.size_limit) == ("127.0.0.1:8011", 1000)
    account = loaded.account("musterstadt", "post", EmailAccount)
    assert account.imap == Imap(host="mail", port=993)
    with pytest.raises(ValueError, match="frozen"):
        loaded.hub.bus = "kafka://x:1"


def test_a_tenant_is_in_germany_unless_it_says_otherwise(write):
    assert Loaded.read(write(GOOD)).hub.country_of("musterstadt") == "DE"
    austrian = GOOD.replace("name: Stadt", "country: AT\n    name: Stadt")
    assert Loaded.read(write(austrian)).hub.country_of("musterstadt") == "AT"


BROKEN = [
    # (what replaces what, what the line must name)
    ("blobs:", "blob:", ["blob", "remove it, or mend the spelling", "1 more"]),
    ("blobs: .faden/blobs\n", "", ["blobs", "add the key"]),
    ("blobs: .faden/blobs", "blobs: [1]", ["blobs", "valid string"]),
    ("blobs: .faden/blobs", "blobs: s3://", ["blobs", "s3://bucket/prefix"]),
    ("blobs: .faden/blobs", "blobs: https://x/y", ["blobs", "s3://bucket/prefix"]),
    ("postgresql://", "mysql://", ["database", "write `postgresql://"]),
    ("blobs:", "bus: rabbitmq\nblobs:", ["bus", "write `postgresql` or `kafka://host:9092`"]),
    ("blobs:", "bus: kafka://\nblobs:", ["bus", "kafka://host:9092"]),
    ("blobs:", "bus: kafka://a:9092,b\nblobs:", ["bus", "kafka://host:9092"]),
    ("blobs:", "keep_days: 0\nblobs:", ["keep_days", "greater than 0"]),
    ("blobs:", "keep_days: 4 weeks\nblobs:", ["keep_days", "valid number"]),
    ("musterstadt:", "Muster Stadt:", ["tenants.Muster Stadt:", "use lower-case letters"]),
    ("post: {", "Post!: {", ["tenants.musterstadt.accounts.Post!:", "use lower-case letters"]),
    ("channel: fax", "channel: telex", ["tenants.musterstadt.accounts.fax.channel", "'fax'"]),
    (', address: "+4930123456"', "", ["accounts.fax.address", "add the key"]),
    ("name: Stadt Musterstadt", "nam: x", ["tenants.musterstadt.nam", "mend the spelling"]),
    ("name: Stadt", "country: UK\n    name: Stadt", ["tenants.musterstadt.country", "AT or GB"]),
    (
        "name: Stadt",
        "time_zone: Berlin\n    name: Stadt",
        ["tenants.musterstadt.time_zone", "Europe/Berlin"],
    ),
    (
        "name: Stadt",
        "time_zone: ../etc\n    name: Stadt",
        ["tenants.musterstadt.time_zone", "Europe/Berlin"],
    ),
    (
        "name: Stadt",
        'hours: ["mo-fr 8-16"]\n    name: Stadt',
        ["tenants.musterstadt.hours", "mon-fri 08:00-16:00"],
    ),
    ("name: Stadt", "hours: []\n    name: Stadt", ["tenants.musterstadt.hours", "at least 1"]),
    ("name: Stadt", "country: de\n    name: Stadt", ["tenants.musterstadt.country", "DE, AT"]),
    ("channel_email: {", "channel_email: 5 #", ["services.channel_email", "valid dictionary"]),
    ("tenants:", "tenants: {", ["not YAML", "check indent and colons", "line"]),
    (GOOD, "", ["must be a mapping"]),
    (GOOD, "- a\n- b", ["must be a mapping"]),
]


def test_an_authority_works_by_its_own_clock_and_hours(write):
    usual = Loaded.read(write(GOOD)).hub
    assert usual.office_of("musterstadt") == usual.office_of("unknown")
    own = 'time_zone: Europe/Vienna\n    hours: ["sat 09:00-12:00"]\n    name: Stadt'
    office = Loaded.read(write(GOOD.replace("name: Stadt", own))).hub.office_of("musterstadt")
    assert (office.zone.key, office.hours[0].days) == ("Europe/Vienna", {5})


@pytest.mark.parametrize(("old", "new", "named"), BROKEN)
def test_a_broken_file_is_explained_in_one_line(write, old, new, named):
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        Loaded.read(path)
    line = str(caught.value)
    assert line.startswith(f"{path}:")
    assert "\n" not in line
    for word in named:
        assert word in line


@pytest.mark.parametrize(
    ("contents", "named"), [(b"\xff\xfe\xfa", "not YAML"), (b"a: \x00", "not YAML")]
)
def test_bytes_that_are_no_text_are_explained_too(write, contents, named):
    with pytest.raises(ConfigurationError, match=named):
        Loaded.read(write(contents))


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_a_file_that_cannot_be_read_names_the_variable(tmp_path, monkeypatch, what):
    path = tmp_path if what == "folder" else tmp_path / "nowhere.yaml"
    monkeypatch.setenv("HUB_CONFIG", str(path))
    with pytest.raises(ConfigurationError) as caught:
        Loaded.read()
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("; name the file in HUB_CONFIG")


@pytest.mark.parametrize(
    ("yaml_section", "named"),
    [
        ("{size_limit: 5}", ["services.channel_email.http", "add the key"]),
        ("{http: h, size_limit: many}", ["services.channel_email.size_limit", "valid integer"]),
        ("{http: h, sizelimit: 5}", ["services.channel_email.sizelimit", "mend the spelling"]),
        ("{http: h, relay: {port: 5}}", ["services.channel_email.relay.host", "add the key"]),
    ],
)
def test_a_section_is_checked_by_its_own_service(write, yaml_section, named):
    path = write(GOOD.replace('{http: "127.0.0.1:8011", size_limit: 1000}', yaml_section))
    with pytest.raises(ConfigurationError) as caught:
        Loaded.read(path).section("channel_email", EmailSettings)
    assert all(word in str(caught.value) for word in (str(path), *named))


def test_an_account_is_checked_by_its_channel(write):
    loaded = Loaded.read(write(GOOD.replace("port: 993", "prt: 993")))
    with pytest.raises(ConfigurationError) as caught:
        loaded.account("musterstadt", "post", EmailAccount)
    assert "tenants.musterstadt.accounts.post.imap.prt" in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("HUB_CHANNEL_EMAIL_SIZE_LIMIT", "77", "size_limit", 77),
        ("HUB_CHANNEL_EMAIL_STRICT", "true", "strict", True),
        ("HUB_CHANNEL_EMAIL_PASSWORD", "0123", "password", "0123"),
        ("HUB_CHANNEL_EMAIL_PASSWORD", "{not: yaml]", "password", "{not: yaml]"),
        ("HUB_CHANNEL_EMAIL_HOSTS", "[a, b]", "hosts", ("a", "b")),
        ("HUB_CHANNEL_EMAIL_RELAY", '{host: h, port: "5"}', "relay", Relay(host="h", port=5)),
        ("HUB_CHANNEL_EMAIL_RELAY__HOST", "h", "relay", Relay(host="h")),
        ("HUB_SERVICES__CHANNEL_EMAIL__SIZE_LIMIT", "78", "size_limit", 78),
        ("HUB_CHANNEL_EMAIL_SIZE_LIMIT", "", "size_limit", 1000),  # compose passes unset as empty
        ("HUB_CHANNEL_EMAIL_UNKNOWN", "5", "size_limit", 1000),
    ],
)
def test_the_environment_overrides_a_section(  # noqa: PLR0917 - a row of the table
    write, monkeypatch, variable, value, field, read
):
    monkeypatch.setenv(variable, value)
    section = Loaded.read(write(GOOD)).section("channel_email", EmailSettings)
    assert getattr(section, field) == read


def test_the_environment_overrides_hub_and_accounts(write, monkeypatch):
    monkeypatch.setenv("HUB_BUS", "kafka://a:9092,b:9092")
    monkeypatch.setenv("HUB_KEEP_DAYS", "0.5")
    monkeypatch.setenv("HUB_TENANTS__MUSTERSTADT__ACCOUNTS__POST__IMAP__PASSWORD", "geheim")
    loaded = Loaded.read(write(GOOD))
    assert loaded.hub.bus == "kafka://a:9092,b:9092"
    assert loaded.hub.keep == timedelta(hours=12)
    account = loaded.account("musterstadt", "post", EmailAccount)
    assert account.imap == Imap(host="mail", port=993, password="geheim")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HUB_BUS", "redis"),
        ("HUB_CHANNEL_EMAIL_SIZE_LIMIT", "many"),
        ("HUB_CHANNEL_EMAIL_RELAY__PORT", "many"),
        ("HUB_CHANNEL_EMAIL_HOSTS", "[a, "),
    ],
)
def test_a_broken_variable_is_blamed_and_not_the_file(write, monkeypatch, variable, value):
    monkeypatch.setenv("HUB_CHANNEL_EMAIL_RELAY__HOST", "h")
    monkeypatch.setenv(variable, value)
    path = write(GOOD)
    with pytest.raises(ConfigurationError) as caught:
        Loaded.read(path).section("channel_email", EmailSettings)
    assert str(caught.value).startswith(f"environment: {variable}: ")
    assert value not in str(caught.value), "a variable may hold a secret"


def test_or_exit_prints_the_line_and_ends_with_2(write):
    path = write("bus: rabbitmq")
    script = "from hub_kit.settings import Loaded, or_exit; or_exit(Loaded.read)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"HUB_CONFIG": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"faden: {path}: database: ")
    assert done.stderr.count("\n") == 1


def test_or_exit_returns_what_was_built(write):
    assert isinstance(or_exit(lambda: Loaded.read(write(GOOD))).hub, BaseModel)
