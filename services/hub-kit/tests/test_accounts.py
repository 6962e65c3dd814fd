"""Accounts by name and by address; two with one address are a mistake that names both."""

import json

import pytest

from hub_contract.words import Channel
from hub_kit.accounts import AccountSection, account_asked, plain_accounts
from hub_kit.settings import ConfigurationError, Loaded


class Line(AccountSection):
    extension: int = 0


@pytest.fixture
def load(tmp_path):
    def read(*lines):
        accounts = {f"line-{n}": {"channel": "phone", **line} for n, line in enumerate(lines)}
        accounts["post"] = {"channel": "email", "address": "post@town.example"}
        document = {
            "database": "postgresql://{role}@/faden",
            "blobs": "blobs",
            "keys_file": "keys.json",
            "tenants": {"town": {"name": "Stadt", "accounts": accounts}},
        }
        (tmp_path / "faden.yaml").write_text(json.dumps(document))
        return Loaded.read(tmp_path / "faden.yaml")

    return read


def test_they_are_found_by_name_and_address(load):
    loaded = load({"address": "+49711", "extension": 7}, {"address": "+49712", "name": "Bauamt"})
    accounts = plain_accounts(loaded, Channel.PHONE, Line)
    first, second = accounts
    assert (first.key, first.setting) == ("town/line-0", "tenants.town.accounts.line-0")
    assert (first.display_name, first.settings.extension) == ("Stadt", 7)
    assert second.display_name == "Bauamt"
    assert accounts.account_of("+49712") is accounts.get("town", "line-1") is second
    assert account_asked(accounts, loaded, "town/line-0") is first
    assert accounts.account_of("+49713") is None
    assert accounts.get("town", "post") is None


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([{"address": "1"}, {"address": "1"}], "accounts.line-1: an address of town/line-0 too"),
        ([{"address": "1", "extention": 2}], "accounts.line-0.extention: Extra inputs"),
        ([{"address": "1", "extension": "x"}], "accounts.line-0.extension: Input should be"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(load, lines, says):
    loaded = load(*lines)
    with pytest.raises(ConfigurationError) as said:
        plain_accounts(loaded, Channel.PHONE, Line)
    assert str(said.value).startswith(f"{loaded.path}: tenants.town.{says}")
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("asked", ["", "town", "town/", "town/post", "village/line-0"])
def test_a_command_that_names_none_is_told_how(load, asked):
    loaded = load({"address": "1"})
    accounts = plain_accounts(loaded, Channel.PHONE, Line)
    with pytest.raises(ConfigurationError, match="write tenant/name as the file does"):
        account_asked(accounts, loaded, asked)
