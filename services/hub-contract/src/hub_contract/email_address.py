"""Reads a mail address into the form that is sent to: RFC 5321 and 6531, domains in IDNA 2008.

The local part stays as it is written, the domain becomes lower-case ASCII.
"""

import re
from functools import cache
from types import ModuleType

# What nearly every mail brings: no longer than one label may be, and without the two hyphens that
# a name in IDNA begins with, so that the library would change nothing about it.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_NORMAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_LONGEST_NORMAL = 63
_LONGEST_DOMAIN = 253  # characters of a name (RFC 1035 §2.3.4); IDNA makes it longer only


def read_email(text: str) -> str | None:
    """Return the address as mail servers take it, or None where it is none."""
    local, _, domain = text.rpartition("@")
    address = f"{local}@{domain.lower()}"
    if len(address) <= _LONGEST_NORMAL and _NORMAL.fullmatch(address):
        return address
    validator = _validator()
    try:
        found = validator.validate_email(
            _without_frame(text),
            check_deliverability=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            globally_deliverable=False,  # name@intranet is real inside an authority
        )
    except validator.EmailNotValidError:
        return None
    return f"{found.local_part}@{found.ascii_domain}"


def is_international(address: str) -> bool:
    """Say whether only mail servers with SMTPUTF8 take it: an umlaut stands before the @."""
    return not address.rpartition("@")[0].isascii()


def _without_frame(text: str) -> str:
    """Take off what hands and programs put around: <a@b>, mailto:a@b, and the stop behind."""
    bare = text.removeprefix("<").removesuffix(">")
    bare = bare[len("mailto:") :] if bare[:7].lower() == "mailto:" else bare
    return bare.strip().rstrip(".")


@cache
def _validator() -> ModuleType:
    """Imported late: it takes 20 ms, and few addresses need it."""
    import email_validator

    # It refuses names that the world cannot reach; authorities have mailboxes at rathaus.local.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    return email_validator


def normal_domain(domain: str) -> str:
    """Return the domain in lower-case ASCII (`straße.de` is not `strasse.de`).

    What is no name in IDNA 2008 stays, in lower case.
    """
    domain = domain.strip().strip(".").lower()
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return domain
    import idna  # late: most names are ASCII

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain
