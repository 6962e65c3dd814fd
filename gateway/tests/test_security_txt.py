"""Whom to tell about a weakness, as RFC 9116 wants it; only where an operator has named somebody."""

from datetime import UTC, datetime

import pytest

from gateway.security_txt import write_security_txt
from gateway.settings import GatewaySettings

PATH = "/.well-known/security.txt"
NOW = datetime(2026, 11, 27, 18, 30, tzinfo=UTC)


def test_it_has_what_the_rfc_requires():
    said = write_security_txt("mailto:sicherheit@stadt.example", f"https://x.example{PATH}", NOW)
    fields = dict(line.split(": ", 1) for line in said.splitlines())
    assert fields == {
        "Contact": "mailto:sicherheit@stadt.example",
        "Expires": "2027-05-26T00:00:00Z",
        "Preferred-Languages": "de, en",
        "Canonical": f"https://x.example{PATH}",
    }


@pytest.mark.parametrize(
    "contact", ["sicherheit@stadt.example", "javascript:x", "https:", "mailto:a\nb"]
)
def test_a_contact_that_is_no_address_is_a_mistake(contact):
    with pytest.raises(ValueError, match="mailto:"):
        GatewaySettings(security_contact=contact)


async def test_it_is_served_where_somebody_is_named(open_gate):
    contact = "mailto:sicherheit@stadt.example"
    async with open_gate(security_contact=contact) as gate, gate.browser() as browser:
        said = await browser.get(PATH)
    assert said.status_code == 200
    assert said.headers["content-type"] == "text/plain; charset=utf-8"
    assert f"Contact: {contact}\n" in said.text
    assert f"Canonical: {gate.settings.public}{PATH}\n" in said.text


async def test_where_nobody_is_named_there_is_none(gate):
    async with gate.browser() as browser:
        assert (await browser.get(PATH)).status_code == 404
