"""What is wrong with our fax numbers, for `faden check`: how they are written, secrets, hooks."""

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address

from pydantic import HttpUrl

from channel_fax.numbers import Accounts, AnyNumber, ProviderName
from hub_kit.about import Lack
from hub_kit.settings import ConfigurationError

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def lacks(accounts: Accounts, apis: Mapping[ProviderName, str]) -> Iterator[Lack]:
    """Yield each fault; `apis` are the addresses by which hosted providers are asked."""
    for number in accounts:
        yield from _number_lacks(number)
    for number in accounts.at(ProviderName.TELNYX):
        yield from _secret_lacks(number, "api_key", number.settings.api_key)
        yield from _secret_lacks(number, "public_key", number.settings.verifier)
    for number in accounts.at(ProviderName.SINCH):
        yield from _secret_lacks(number, "key_secret", number.settings.key_secret)
        yield from _secret_lacks(number, "hook_secret", number.settings.hook_secret)
    for provider, api in apis.items():
        for number in accounts.at(provider) if not _is_inside(api) else ():
            yield from _hook_lacks(accounts, number)


def _number_lacks(number: AnyNumber) -> Iterator[Lack]:
    for key, said in [
        ("address", number.settings.address),
        *(("aliases", alias) for alias in number.settings.aliases),
    ]:
        if not _E164.fullmatch(said):
            remedy = "write it as +49 711 12398"
            yield Lack(f"{number.setting}.{key}", said, "is no number in E.164", remedy)


def _secret_lacks(number: AnyNumber, key: str, read: Callable[[], object]) -> Iterator[Lack]:
    try:
        fault, remedy = "" if read() else "is empty", f"name {key}_file or {key}_env"
    except ConfigurationError as error:
        fault, _, remedy = str(error).rpartition("; ")
    if fault:
        said = getattr(number.settings, f"{key}_env", "") or getattr(number.settings, f"{key}_file")
        yield Lack(f"{number.setting}.{key}_file", str(said or ""), fault, remedy)


def _hook_lacks(accounts: Accounts, number: AnyNumber) -> Iterator[Lack]:
    if not accounts.public.startswith("https://") or _is_inside(accounts.public):
        yield Lack(
            "services.gateway.public",
            accounts.public,
            f"{number.settings.provider.title()} cannot call {accounts.hook(number)}",
            "write the https address by which the outside reaches the gateway",
        )


def _is_inside(url: str) -> bool:
    """Say whether nobody outside reaches this: a private address, or a name without a dot."""
    host = str(HttpUrl(url).host or "").strip("[]")
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host
