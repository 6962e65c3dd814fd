"""Reads from what the provider says of a person what they may be here: pure, for `log_in`."""

from collections.abc import Collection

from gateway.claims import Claims, claim_at, texts_of
from gateway.sessions import Grant
from gateway.settings import Oidc
from hub_kit.rights import may


def grants_of(claims: Claims, oidc: Oidc, tenants: Collection[str]) -> tuple[Grant, ...]:
    """Return every role that opens the desk, each once, in the provider's order.

    `oidc.claim` leads to a text or a list of texts (`realm_access.roles`); each is a key of
    `oidc.groups`, or says tenant/role itself where there are no groups. What is neither counts
    for nothing: a provider has many groups that are not ours.
    """
    names = texts_of(claim_at(claims, oidc.claim))
    written = [oidc.groups.get(name, "") if oidc.groups else name for name in names]
    found = (Grant(tenant, role) for tenant, _, role in (w.partition("/") for w in written))
    ours = (g for g in found if g.tenant in tenants and may(g.role, "read", "desk"))
    return tuple(dict.fromkeys(ours))
