"""`faden parse email FILE…`: what Faden makes of a mail, one opened event a line, no database."""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from channel_email.parse import Context, parse
from channel_email.settings import Accounts
from hub_contract.topics import to_json
from hub_kit.settings import ConfigurationError, Loaded


def parse_mails(files: Iterable[Path], context: Context) -> Iterator[str]:
    """Yield one JSON event for each file; `-` is standard input."""
    for file in files:
        yield to_json(parse(_read(file), context).event).decode()


def context_of(loaded: Loaded | None, account: str) -> Context:
    """Return how this account (`tenant/name`) reads a mail; without a file, as anyone would."""
    tenant, _, name = account.partition("/")
    now = datetime.now(UTC)
    if loaded is None:
        return Context(tenant, name, now)
    found = Accounts.read(loaded).get(tenant, name)
    if found is None:
        remedy = "write tenant/name as the file does"
        raise ConfigurationError(f"{loaded.path}: tenants: no mail account {account}; {remedy}")
    settings = found.settings
    return Context(
        tenant, name, now, trusted_hosts=settings.trusted_hosts, domain=settings.mail_domain
    )


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}; name a mail file, or -") from None
