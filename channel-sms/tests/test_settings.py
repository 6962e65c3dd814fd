"""What `faden check` says of a number that will not work: key, what is wrong, remedy."""

import pytest

from channel_sms.settings import ABOUT
from hub_kit.settings import Loaded

FILE = """
database: "postgresql://{role}@/faden"
blobs: blobs
keys_file: keys.json
tenants:
  musterstadt:
    name: Stadt Musterstadt
    accounts:
      sms: {channel: sms, address: "ADDRESS", account_sid: AC00000000000000000000000000000001, TOKEN}
services:
  gateway: {public: "PUBLIC"}
  channel_sms: {twilio: "TWILIO"}
"""
REAL, INSIDE = "https://api.twilio.com", "http://127.0.0.1:8090/carrier"
GOOD = {
    "ADDRESS": "0711 12399",
    "TOKEN": "auth_token_env: SECRET_OF_ACCOUNT",
    "PUBLIC": "https://faden.example",
    "TWILIO": REAL,
}
LACKS = {
    "all is well": ({}, None, ""),
    "the pretend carrier calls inside": (
        {"TWILIO": INSIDE, "PUBLIC": "http://127.0.0.1:8080"},
        None,
        "",
    ),
    "no token": (
        {"TOKEN": "auth_token_env: NOT_SET_ANYWHERE"},
        "tenants.musterstadt.accounts.sms.auth_token_env",
        "NOT_SET_ANYWHERE is not set",
    ),
    "no file of the token": (
        {"TOKEN": "auth_token_file: none/token"},
        "tenants.musterstadt.accounts.sms.auth_token_file",
        "none/token: No such file",
    ),
    "an empty token": (
        {"TOKEN": "auth_token_file: /dev/null"},
        "tenants.musterstadt.accounts.sms.auth_token_file",
        "is empty",
    ),
    "not https": ({"PUBLIC": "http://faden.example"}, "services.gateway.public", "cannot call"),
    "not public": ({"PUBLIC": "https://10.0.0.7"}, "services.gateway.public", "/hooks/sms/"),
    "a name inside": ({"PUBLIC": "https://faden"}, "services.gateway.public", "/hooks/sms/"),
    "a name": ({"ADDRESS": "RATHAUS"}, "tenants.musterstadt.accounts.sms.address", "E.164"),
    "a short code": ({"ADDRESS": "115"}, "tenants.musterstadt.accounts.sms.address", "E.164"),
}


@pytest.mark.parametrize(("change", "key", "fault"), LACKS.values(), ids=LACKS.keys())
def test_what_a_number_lacks(tmp_path, monkeypatch, change, key, fault):
    monkeypatch.setenv("SECRET_OF_ACCOUNT", "secret")
    text = FILE
    for name, value in {**GOOD, **change}.items():
        text = text.replace(name, value, 1)
    path = tmp_path / "faden.yaml"
    path.write_text(text, encoding="utf-8")
    found = list(ABOUT.lacks(Loaded.read(path)))
    assert [one.key for one in found] == ([key] if key else [])
    assert all(fault in one.fault and one.remedy for one in found)
    assert not any("secret" in str(one) for one in found)
