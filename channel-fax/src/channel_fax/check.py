"""What is wrong with our fax numbers, for `faden check`."""

import re
from collections.abc import Iterator

from channel_fax.numbers import Accounts, AnyNumber
from hub_kit.about import Lack

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def lacks(accounts: Accounts) -> Iterator[Lack]:
    """Yield each fault."""
    for number in accounts:
        yield from _number_lacks(number)


def _number_lacks(number: AnyNumber) -> Iterator[Lack]:
    for key, said in [
        ("address", number.settings.address),
        *(("aliases", alias) for alias in number.settings.aliases),
    ]:
        if not _E164.fullmatch(said):
            remedy = "write it as +49 711 12398"
            yield Lack(f"{number.setting}.{key}", said, "is no number in E.164", remedy)
