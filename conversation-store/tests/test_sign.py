"""Reply tokens: read back what was signed, and nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from conversation_store.sign import Signer
from hub_kit.testing import new_ring

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONVERSATION = UUID(int=7)


@pytest.fixture
def signer(tmp_path) -> Signer:
    return Signer(new_ring(tmp_path), days=30)


def test_it_fits_a_mail_address_in_lower_case(signer):
    for _ in range(100):
        token = signer.make("musterstadt", uuid4(), NOW)
        assert len(f"reply+{token}") <= 64
        assert token == token.lower()
        assert token.isalnum()


@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda t: f" {t}\n"])
def test_mail_systems_change_the_case(signer, change):
    token = signer.make("musterstadt", CONVERSATION, NOW)
    assert signer.read("musterstadt", change(token), NOW).conversation_id == CONVERSATION


@pytest.mark.parametrize(("days", "fault"), [(0, ""), (30, ""), (31, "expired"), (4000, "expired")])
def test_it_expires(signer, days, fault):
    token = signer.make("musterstadt", CONVERSATION, NOW)
    read = signer.read("musterstadt", token, NOW + timedelta(days=days))
    assert read.fault == fault
    assert (read.conversation_id is None) == bool(fault)


def test_another_tenants_token_is_forged(signer):
    token = signer.make("musterstadt", CONVERSATION, NOW)
    assert signer.read("kleindorf", token, NOW).fault == "forged"


def test_another_hubs_token_is_forged(signer, tmp_path_factory):
    other = Signer(new_ring(tmp_path_factory.mktemp("other")), days=30)
    token = other.make("musterstadt", CONVERSATION, NOW)
    assert signer.read("musterstadt", token, NOW).fault == "forged"


def test_every_changed_letter_is_forged(signer):
    token = signer.make("musterstadt", CONVERSATION, NOW)
    for place in range(len(token)):
        other = "a" if token[place] != "a" else "b"
        changed = token[:place] + other + token[place + 1 :]
        assert signer.read("musterstadt", changed, NOW).fault == "forged"


@pytest.mark.parametrize(
    "token", ["x", "", "ü" * 48, "a" * 47, "a" * 49, "a" * 10_000, "1" * 48, "\0", "a" * 48, "="]
)
def test_rubbish_is_forged(signer, token):
    assert signer.read("musterstadt", token, NOW).fault == "forged"
