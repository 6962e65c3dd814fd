"""Whose address it is, and what broken settings are told: one line with key and remedy."""

import re

import pytest

from channel_email.settings import (
    Accounts,
    EmailAccount,
    EmailSettings,
    Imap,
    RelayHost,
    Tls,
    peers,
    read,
)
from hub_kit.about import Peer
from hub_kit.listen import Listen
from hub_kit.settings import ConfigurationError, Loaded

FILE = """
database: "postgresql://{{role}}@/faden"
blobs: blobs
keys_file: keys.json
tenants:
  musterstadt:
    name: Stadt Musterstadt
    accounts:
      post: {{channel: email, address: post@musterstadt.example, aliases: [Rathaus@Musterstadt.example]}}
      bauamt: {{channel: email, address: bauamt@musterstadt.example, name: Bauamt}}
      sms: {{channel: sms, address: "+4930123456"}}
  kleindorf:
    name: Gemeinde Kleindorf
    accounts:
      post: {{channel: email, address: post@kleindörf.example{post}}}
services:
  channel_email: {{{service}}}
"""


def test_mails_are_signed_as_the_face_has_it(tmp_path):
    (tmp_path / "town").mkdir()
    (tmp_path / "town/face.yaml").write_text("signature: {de: Rathaus, en: Town hall}")
    text = FILE.replace("    name: Stadt Musterstadt\n", "    name: Stadt\n    face: town\n")
    path = tmp_path / "faden.yaml"
    path.write_text(text.format(post="", service=""), encoding="utf-8")
    signatures = Accounts.read(Loaded.read(path)).signatures
    assert signatures == {"musterstadt": {"de": "Rathaus", "en": "Town hall"}}


def load(tmp_path, post: str = "", service: str = "") -> Loaded:
    path = tmp_path / "faden.yaml"
    path.write_text(FILE.format(post=post, service=service), encoding="utf-8")
    return Loaded.read(path)


@pytest.mark.parametrize(
    ("address", "account"),
    [
        ("post@musterstadt.example", "musterstadt/post"),
        ("POST@Musterstadt.Example", "musterstadt/post"),
        ("rathaus@musterstadt.example", "musterstadt/post"),
        ("post+hunde@musterstadt.example", "musterstadt/post"),
        ("rathaus+x@musterstadt.example", "musterstadt/post"),
        ("bauamt@musterstadt.example", "musterstadt/bauamt"),
        ("reply+A1b2@musterstadt.example", "musterstadt/post"),
        ("bounce+0f9d5c0e-6d2b-5f5e-9d0f-000000000000@musterstadt.example", "musterstadt/post"),
        ("post@kleindörf.example", "kleindorf/post"),
        ("post@xn--kleindrf-s4a.example", "kleindorf/post"),
        ("reply+A1b2@kleindörf.example", "kleindorf/post"),
        ("reply@musterstadt.example", None),
        ("reply+@musterstadt.example", None),
        ("reply+A1b2@anderswo.example", None),
        ("niemand@musterstadt.example", None),
        ("postmaster", "musterstadt/post"),
        ("POSTMASTER", "musterstadt/post"),
        ("Postmaster@musterstadt.example", "musterstadt/post"),
        ("postmaster@kleindörf.example", "kleindorf/post"),
        ("postmaster@anderswo.example", None),
        ("niemand+post@musterstadt.example", None),
        ("post@musterstadt.example.evil.example", None),
        ("post", None),
        ("", None),
        ("@musterstadt.example", None),
        ("post@", None),
    ],
)
def test_whose_address_it_is(tmp_path, address, account):
    found = Accounts.read(load(tmp_path)).account_of(address)
    assert (found and found.key) == account


def test_an_account_without_a_name_writes_as_its_tenant(tmp_path):
    accounts = Accounts.read(load(tmp_path))
    named = [accounts.get("musterstadt", name).display_name for name in ("post", "bauamt")]
    assert named == ["Stadt Musterstadt", "Bauamt"]
    assert accounts.get("musterstadt", "sms") is None


@pytest.mark.parametrize(
    ("post", "says"),
    [
        (", aliases: [BAUAMT@musterstadt.example]", "address of musterstadt/bauamt too"),
        (", domain: musterstadt.example", "domain belongs to tenant musterstadt"),
        (", aliases: [post]", r"an address is written name@domain"),
        (", adress: x", r"kleindorf\.accounts\.post\.adress: Extra inputs.*mend the spelling"),
        (", imap: {host: h, user: u}", "password_file or password_env"),
        (", imap: {host: h}", "a mailbox needs a user"),
        (", imap: {host: h, user: u, password_env: P, tls: none}", "leaves this machine only by"),
        (", imap: {host: h, user: u, password_env: P, after: move}", "move_to goes with"),
        (", relay: {host: h, port: 70000}", r"relay\.port: Input should be less than"),
        (", relay: {host: h, tls: ssl}", r"relay\.tls: Input should be 'none', 'if-offered'"),
    ],
)
def test_broken_accounts_are_told_file_and_key(tmp_path, post, says):
    with pytest.raises(ConfigurationError, match=says) as error:
        Accounts.read(load(tmp_path, post))
    assert re.match(r".*faden\.yaml: tenants\.kleindorf\.accounts\.post", str(error.value))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("service", "says"),
    [
        ("smtp: '2525'", r"services\.channel_email\.smtp: .*write host:port"),
        ("lmtp: 'host:lmtp'", r"services\.channel_email\.lmtp: .*write host:port"),
        ("smtp: '127.0.0.1:99999'", r"smtp: .*write host:port"),
        ("size_limit: many", r"services\.channel_email\.size_limit: .*integer"),
        ("limits: {rate: quick}", r"channel_email\.limits\.rate: .*integer"),
        ("limits: {share_for_peers: 1}", r"channel_email\.limits\.share_for_peers: .*less than 1"),
        ("peers: [mx.example]", r"channel_email\.peers\.0: .*network"),
        ("check_senders: {within: 0}", r"channel_email\.check_senders\.within: .*greater than 0"),
        ("imap: {}", r"services\.channel_email\.imap: Extra inputs"),
    ],
)
def test_broken_services_are_told_the_key(tmp_path, service, says):
    with pytest.raises(ConfigurationError, match=says):
        load(tmp_path, service=service).section("channel_email", EmailSettings)


def test_addresses_to_listen_on(tmp_path, monkeypatch):
    loaded = load(tmp_path, service="smtp: '[::1]:2525'")
    monkeypatch.setenv("HUB_CHANNEL_EMAIL_LMTP", "0.0.0.0:24")
    settings = loaded.section("channel_email", EmailSettings)
    assert (settings.smtp, settings.lmtp) == (Listen("::1", 2525), Listen("0.0.0.0", 24))
    assert settings.http == Listen("127.0.0.1", 8011)


def test_passwords_come_from_files_and_variables(tmp_path, monkeypatch):
    (tmp_path / "password").write_text("geheim mit Ende \n")
    by_file = Imap(host="h", user="u", password_file=tmp_path / "password")
    by_variable = RelayHost(host="h", user="u", password_env="PASSWORT", tls=Tls.STARTTLS)
    assert by_file.password() == "geheim mit Ende "
    with pytest.raises(ConfigurationError, match="PASSWORT is not set; set it"):
        by_variable.password()
    monkeypatch.setenv("PASSWORT", "geheim")
    assert by_variable.password() == "geheim"
    with pytest.raises(ConfigurationError, match="gone: No such file"):
        Imap(host="h", user="u", password_file=tmp_path / "gone").password()


def test_a_missing_password_is_told_with_its_key(tmp_path, monkeypatch):
    imap = ", imap: {host: h, user: u, password_env: POST_PASSWORT}"
    loaded = load(tmp_path, imap)
    says = r"faden\.yaml: tenants\.kleindorf\.accounts\.post\.imap: POST_PASSWORT is not set"
    with pytest.raises(ConfigurationError, match=says):
        read(loaded)
    monkeypatch.setenv("POST_PASSWORT", "geheim")
    assert peers(loaded) == [Peer("tenants.kleindorf.accounts.post.imap", "h", 993)]


def test_an_account_may_write_under_another_domain():
    account = EmailAccount(address="post@Stadt.example", domain="Mail.Stadt.example")
    assert account.mail_domain == "mail.stadt.example"


@pytest.mark.parametrize(
    ("address", "account"),
    [
        ("postmaster", "musterstadt/bauamt"),
        ("Postmaster@Musterstadt.example", "musterstadt/bauamt"),
        ("postmaster@kleindörf.example", "kleindorf/post"),  # its tenant's: nothing crosses tenants
        ("post@musterstadt.example", "musterstadt/post"),
    ],
)
def test_postmaster_is_who_the_setting_says(tmp_path, address, account):
    found = Accounts.read(load(tmp_path, service="postmaster: musterstadt/bauamt"))
    assert found.account_of(address).key == account


def test_an_account_that_is_called_postmaster_is_postmaster(tmp_path):
    found = Accounts.read(load(tmp_path, ", aliases: [Postmaster@kleindörf.example]"))
    assert found.account_of("postmaster@kleindörf.example").key == "kleindorf/post"


def test_a_postmaster_that_is_no_account_is_told(tmp_path):
    loaded = load(tmp_path, service="postmaster: musterstadt/sms")
    with pytest.raises(ConfigurationError, match=r"channel_email\.postmaster: no e-mail account"):
        Accounts.read(loaded)
