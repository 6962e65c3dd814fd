"""The settings: what is written wrong is said in one line with key and remedy."""

import json

import pytest

from channel_web.settings import SERVICE, Accounts, WebSettings
from hub_kit.listen import Listen
from hub_kit.settings import ConfigurationError, Loaded

PORTAL = {"channel": "web", "address": "www.musterstadt.example"}
MAIL = {"channel": "email", "address": "post@musterstadt.example"}


@pytest.fixture
def loaded(tmp_path):
    def load(accounts, face=None, **section):
        document = {
            "database": "postgresql://{role}@/faden",
            "blobs": "blobs",
            "keys_file": "keys.json",
            "tenants": {
                "musterstadt": {"name": "Stadt Musterstadt", "face": face, "accounts": accounts}
            },
            "services": {SERVICE: section},
        }
        path = tmp_path / "faden.yaml"
        path.write_text(json.dumps(document))
        return Loaded.read(path)

    return load


def test_a_portal_is_named_after_its_authority(loaded):
    accounts = Accounts.read(loaded({"portal": PORTAL, "post": MAIL}))
    account = accounts.of("musterstadt")
    assert account is not None
    assert (account.display_name, account.has_email) == ("Stadt Musterstadt", True)
    assert accounts.get("musterstadt", "portal") is account
    assert accounts.get("musterstadt", "post") is None
    assert accounts.of("kleindorf") is None
    assert accounts.tenants() == ["musterstadt"]


def test_without_a_mailbox_nothing_is_promised(loaded):
    account = Accounts.read(loaded({"portal": PORTAL | {"name": "Bürgeramt"}})).of("musterstadt")
    assert account is not None
    assert (account.display_name, account.has_email) == ("Bürgeramt", False)


def test_limits_and_doors_have_defaults(loaded):
    settings = loaded({}).section(SERVICE, WebSettings)
    assert settings.http == Listen("127.0.0.1", 8012)
    assert settings.file_limit < settings.files_limit


def check(read) -> None:
    read.section(SERVICE, WebSettings)
    Accounts.read(read)


@pytest.mark.parametrize(
    ("accounts", "section", "says"),
    [
        ({"a": PORTAL, "b": PORTAL}, {}, "accounts.b: a is a portal already; remove one of them"),
        ({"a": PORTAL | {"adress": "x"}}, {}, "accounts.a.adress"),
        ({"a": PORTAL | {"answer_days": 0}}, {}, "accounts.a.answer_days"),
        ({}, {"http": "8012"}, "services.channel_web.http: write host:port"),
        ({}, {"store": "localhost:8010"}, "services.channel_web.store: write http://host:port"),
        ({}, {"files": 0}, "services.channel_web.files"),
    ],
)
def test_a_mistake_is_one_line(loaded, accounts, section, says):
    read = loaded(accounts, **section)
    with pytest.raises(ConfigurationError) as said:
        check(read)
    assert says in str(said.value)
    assert "\n" not in str(said.value)


def test_what_the_face_does_not_say_the_account_may(loaded, tmp_path):
    (tmp_path / "town").mkdir()
    face = {"phone": "0711 1", "name": "Stadt Musterstadt (Land)"}
    (tmp_path / "town" / "face.yaml").write_text(json.dumps(face))
    own = {"phone": "0711 2", "hours": "montags", "hours_en": "Mondays", "postal": "Platz 1"}
    read = loaded({"portal": PORTAL | own}, face="town")
    account = Accounts.read(read).of("musterstadt")
    assert account is not None
    assert account.display_name == "Stadt Musterstadt (Land)"
    shown = account.face
    assert (shown.phone, shown.hours.read("en"), shown.address) == ("0711 1", "Mondays", "Platz 1")
    (tmp_path / "town" / "face.yaml").write_text("fone: 1")
    with pytest.raises(
        ConfigurationError, match=r"tenants.musterstadt.face: .*town/face.yaml: fone"
    ):
        Accounts.read(read)
