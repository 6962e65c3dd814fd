"""What `faden check` says of a number at a hosted provider: key, what is wrong, remedy."""

import pytest

from channel_fax.settings import ABOUT
from hub_kit.settings import Loaded
from local_hub.peers.faxes.call import public_key

FILE = """
database: "postgresql://{role}@/faden"
blobs: blobs
keys_file: keys.json
tenants:
  musterstadt:
    name: Stadt Musterstadt
    accounts:
      fax: {channel: fax, provider: telnyx, address: "0711 12396", connection_id: "1", API, KEY}
      other: {channel: fax, provider: sinch, address: "0711 12395", project_id: p, key_id: k, key_secret_env: SECRET_OF_ACCOUNT, HOOK}
services:
  gateway: {public: "PUBLIC"}
  channel_fax: {telnyx: {api: "TELNYX"}, sinch: {api: "http://127.0.0.1:8090/sinch"}}
"""
INSIDE = "http://127.0.0.1:8090/telnyx"
GOOD = {
    "API": "api_key_env: SECRET_OF_ACCOUNT",
    "KEY": f'public_key: "{public_key("x")}"',
    "HOOK": "hook_secret_env: SECRET_OF_ACCOUNT",
    "PUBLIC": "https://faden.example.org",
    "TELNYX": "https://api.telnyx.com",
}
AT = "tenants.musterstadt.accounts"
LACKS = {
    "all is well": ({}, None, ""),
    "the pretend provider calls inside": (
        {"TELNYX": INSIDE, "PUBLIC": "http://127.0.0.1:8080"},
        None,
        "",
    ),
    "no key": ({"API": "api_key_env: NOT_SET"}, f"{AT}.fax.api_key_file", "NOT_SET is not set"),
    "nothing named": ({"API": 'name: "Fax"'}, f"{AT}.fax.api_key_file", "is empty"),
    "no public key": ({"KEY": 'public_key: "abc"'}, f"{AT}.fax.public_key_file", "no Ed25519 key"),
    "no secret in the hook": (
        {"HOOK": "allowed: true"},
        f"{AT}.other.hook_secret_file",
        "is empty",
    ),
    "nobody reaches us": (
        {"PUBLIC": "http://127.0.0.1:8080"},
        "services.gateway.public",
        "Telnyx cannot call http://127.0.0.1:8080/hooks/fax/musterstadt/fax",
    ),
}


@pytest.mark.parametrize(("changes", "where", "fault"), LACKS.values(), ids=LACKS)
def test_each_lack_names_key_and_remedy(tmp_path, monkeypatch, *, changes, where, fault):
    monkeypatch.setenv("SECRET_OF_ACCOUNT", "secret")
    text = FILE
    for name, value in (GOOD | changes).items():
        text = text.replace(name, value)
    path = tmp_path / "faden.yaml"
    path.write_text(text)
    monkeypatch.setenv("HUB_CONFIG", str(path))
    found = list(ABOUT.lacks(Loaded.read()))
    assert [one.key for one in found] == ([where] if where else [])
    if where:
        assert fault in found[0].fault
        assert found[0].remedy
