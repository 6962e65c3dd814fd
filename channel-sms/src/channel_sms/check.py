"""What is wrong with our numbers, for `faden check`: their secrets, how they are written, hooks."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from pydantic import HttpUrl

from channel_sms.numbers import Account, Accounts, AnyNumber, ProviderName
from hub_kit.about import Lack
from hub_kit.settings import ConfigurationError

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def lacks(twilio: str, accounts: Accounts) -> Iterator[Lack]:
    """Yield each fault; `twilio` is the address by which Twilio is asked."""
    for number in accounts:
        yield from _number_lacks(number)
    for account in accounts.at(ProviderName.TWILIO):
        yield from _token_lacks(account)
        if not _is_inside(twilio):
            yield from _hook_lacks(accounts, account)


def _number_lacks(number: AnyNumber) -> Iterator[Lack]:
    address = number.settings.address
    if not _E164.fullmatch(address):
        remedy = "write it as +49 711 12399"
        yield Lack(f"{number.setting}.address", address, "is no number in E.164", remedy)


def _hook_lacks(accounts: Accounts, account: Account) -> Iterator[Lack]:
    if not accounts.public.startswith("https://") or _is_inside(accounts.public):
        yield Lack(
            "services.gateway.public",
            accounts.public,
            f"Twilio cannot call {accounts.hook(account)}",
            "write the https address by which the outside reaches the gateway",
        )


def _token_lacks(account: Account) -> Iterator[Lack]:
    try:
        fault, remedy = "" if account.settings.auth_token() else "is empty", "write Twilio's token"
    except ConfigurationError as error:
        fault, _, remedy = str(error).rpartition("; ")
    if fault:
        key = "auth_token_env" if account.settings.auth_token_env else "auth_token_file"
        value = account.settings.auth_token_env or str(account.settings.auth_token_file)
        yield Lack(f"{account.setting}.{key}", value, fault, remedy)


def _is_inside(url: str) -> bool:
    """Say whether nobody outside reaches this: a private address, or a name without a dot."""
    host = str(HttpUrl(url).host or "").strip("[]")
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host
