"""Reads from what the provider says of a person what they may be here: pure, for `log_in`."""

from collections.abc import Collection, Mapping
from typing import Any

from gateway.sessions import Grant
from gateway.settings import Oidc
from hub_kit.rights import may


def grants_of(claims: Mapping[str, Any], oidc: Oidc, tenants: Collection[str]) -> tuple[Grant, ...]:
    """Return every role that opens the desk, each once, in the provider's order.

    `oidc.claim` leads to a text or a list of texts (`realm_access.roles`); each is a key of
    `oidc.groups`, or says tenant/role itself where there are no groups. What is neither counts
    for nothing: a provider has many groups that are not ours.
    """
    said: Any = claims
    for part in oidc.claim.split("."):
        said = said.get(part) if isinstance(said, Mapping) else None
    names = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    written = [oidc.groups.get(n, "") if oidc.groups else n for n in names if isinstance(n, str)]
    found = (Grant(tenant, role) for tenant, _, role in (w.partition("/") for w in written))
    ours = (g for g in found if g.tenant in tenants and may(g.role, "read", "desk"))
    return tuple(dict.fromkeys(ours))
