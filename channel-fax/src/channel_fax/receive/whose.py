"""Which account of ours a hosted provider's fax is for, and what is known of it there."""

from datetime import UTC, datetime

import structlog

from channel_fax.numbers import Accounts, AnyNumber
from channel_fax.parse import Context

log = structlog.get_logger()


def context_of(account: AnyNumber, at: datetime | None = None) -> Context:
    moment = at or datetime.now(UTC)
    return Context(account.tenant, account.name, moment, account.settings.country)


def whose(accounts: Accounts, told: AnyNumber, dialled: str) -> AnyNumber | None:
    """Return whose fax it is: the account that was dialled, else the one that was told.

    Several numbers may share one hook. Another authority's fax is nobody's here: its own hook
    brings it, and what one says to us never lands with another one.
    """
    found = accounts.dialled(dialled) if dialled else None
    if found is None or found.tenant == told.tenant:
        return found or told
    log.error("a fax for another authority: not taken", account=told.key)
    return None
