"""Counts hooks for accounts that no settings name: operators see that a provider is set up wrongly.

Of this process, since its start: nothing is written for a stranger. What belongs to a tenant of
ours only its operators see; what belongs to none, all do.
"""

from collections import Counter
from collections.abc import Collection, Sequence

from hub_kit.operations import Figure

NAME = "unknown_accounts"


class Strangers:
    def __init__(self, tenants: Collection[str]) -> None:
        self._tenants, self._seen = frozenset(tenants), Counter[str]()

    def note(self, tenant: str) -> None:
        """Count one hook; whatever a stranger writes as tenant takes no room here."""
        self._seen[tenant if tenant in self._tenants else ""] += 1

    async def show(self, tenant: str) -> Sequence[Figure]:
        """Return what an operator of this tenant sees; nothing where nobody has called."""
        seen = self._seen[tenant] + self._seen[""]
        return [Figure(name=NAME, counts={"hooks": seen})] if seen else []
