"""Read what was found about SPF, DKIM and DMARC, by a server of ours or by us, for the desk.

Rule 1. Anybody can write an Authentication-Results header (RFC 8601 §5). Those count that a
        trusted host has put on top: by its own name, above everything that came from outside.
Rule 2. What cannot be read to the letter says nothing: no header, and no value in it.
Rule 3. A pass is about one domain. It counts for the sender that people see, or not at all.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from channel_email.parse.addresses import read_addresses
from channel_email.parse.context import Context
from channel_email.parse.decode import to_text
from channel_email.parse.headers import Headers
from hub_contract.contact_points import compared, contact_point
from hub_contract.email_address import normal_domain
from hub_contract.words import ContactKind, ContactPoint, Evidence

_METHODS = frozenset(["spf", "dkim", "dmarc", "arc"])
_RESULTS = frozenset(
    ["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy"]
)
_NAME = re.compile(rb"[!-9;-~]{1,100}:")
_OUTSIDE = re.compile(r'\s++|"(?:[^"\\]++|\\.)*+("?)|[^\s"()\\;=]++|[;=(]', re.DOTALL)
_COMMENT = re.compile(r"[^()\\]++|\\.|[()]", re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_ADDRESS = re.compile(r"[^\s<>\"',;:()@]{1,64}@[^\s<>\"',;:()@]{1,255}")
_TOLD_BY = (b"received", b"authentication-results")
_TOP = 256 * 1024  # bytes; what a server of ours has put on top stands there
_LONGEST = 16_384  # bytes of one header
_MOST = 100  # headers that are looked at


class _Said(NamedTuple):
    """One result of a header; `domains` are those of its `header.from`, in lower-case ASCII."""

    method: str
    result: str
    domains: frozenset[str]
    by: str


def read_authenticity(
    header: bytes, headers: Headers, sender: ContactPoint | None, context: Context
) -> tuple[Evidence, ...]:
    """Return one piece of evidence per method; `header` is the block as it came.

    What we have checked ourselves is `context.checked`; then no header is asked.
    """
    if context.checked:
        said = [_Said(e.kind, e.result, frozenset(), e.by) for e in context.checked]
    else:
        said = [one for value in _believed(header, context) for one in _read(value, context)]
    by_method: dict[str, list[_Said]] = {}
    for one in said:
        by_method.setdefault(one.method, []).append(one)
    return tuple(
        Evidence(kind=kind, result=_result(kind, of, headers, sender, context), by=of[0].by)
        for kind, of in by_method.items()
    )


def _result(
    method: str,
    said: Sequence[_Said],
    headers: Headers,
    sender: ContactPoint | None,
    context: Context,
) -> str:
    """Return the one result: a mail may have many seals, but only one sender."""
    results = [one.result for one in said]
    if method != "dmarc":
        return "pass" if "pass" in results and method == "dkim" else results[0]
    if {"pass"} != set(results):
        return "fail" if "fail" in results else next(r for r in results if r != "pass")
    return _passed(said, headers, sender, checked=bool(context.checked))


def _passed(
    said: Iterable[_Said], headers: Headers, sender: ContactPoint | None, *, checked: bool
) -> str:
    """Return what a pass of DMARC is worth for the sender whom people see."""
    written = headers.texts(b"from")
    if sender is None or not sender.value or not written:
        return "none"
    if len(written) > 1 or len(read_addresses(written)) > 1 or _names_another(sender):
        return "fail"
    own = normal_domain(sender.value.rpartition("@")[2])
    if not all(_covers(domain, own) for one in said for domain in one.domains):
        return "fail"
    # Where it is not said for whom it passed, only one address may have been meant.
    clear = checked or all(one.domains for one in said) or written[0].count("@") == 1
    return "pass" if clear else "none"


def _covers(domain: str, own: str) -> bool:
    """Say whether a pass for this domain is one for ours; some name that of the policy above."""
    return own == domain or ("." in domain and own.endswith(f".{domain}"))


def _names_another(sender: ContactPoint) -> bool:
    """Say whether the name beside the address is an address, and not the same one."""
    found = _ADDRESS.findall(unicodedata.normalize("NFKC", sender.name))
    points = (contact_point(ContactKind.EMAIL, address.strip(".'`")) for address in found)
    return any(compared(point) != compared(sender) for point in points)


def _believed(header: bytes, context: Context) -> list[str]:
    """Return the values of the headers that count, from the top."""
    values: list[str] = []
    if not context.trusted_hosts:
        return values
    for name, raw in _fields(header):
        if name not in _TOLD_BY:
            continue
        value = to_text(raw)[0]
        if name == b"received" and _received_by(value, context):
            return values
        if name == b"authentication-results" and len(values) < _MOST:
            if not _host_of(value, context):  # whoever wrote it, what is below is older still
                break
            values.append(value)
    # Where it is said which line is the border, nothing counts until it has been seen.
    return [] if context.received_by else values


def _fields(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and unfolded value of each header, as strictly as RFC 5322 writes them.

    What a lenient reader takes for a header has passed servers that took it for none.
    """
    name, pieces = b"", list[bytes]()
    for line in header[:_TOP].split(b"\n"):
        if line[:1] in (b" ", b"\t") and line.strip() and name:
            pieces.append(line)
            continue
        if name:
            yield name, b"".join(pieces)[:_LONGEST]
        match = _NAME.match(line)
        if not match:
            return
        name, pieces = match.group()[:-1].lower(), [line[match.end() :]]


def _received_by(value: str, context: Context) -> bool:
    words = [word.lower() for word in _tokens(value) or ()]
    return any(by == "by" and host in context.received_by for by, host in pairwise(words))


def _host_of(value: str, context: Context) -> str:
    """Return the trusted host that wrote this header, or "" where it was somebody else."""
    words = (_statements(value) or [[]])[0]
    host = words[0].removeprefix('"').lower() if words else ""
    trusted = {host.lower() for host in context.trusted_hosts}
    return host if host in trusted and words[1:] in ([], ["1"]) else ""


def _read(value: str, context: Context) -> Iterator[_Said]:
    host = _host_of(value, context)
    for words in (_statements(value) or [[]])[1:]:
        if "=" not in words:
            continue  # the word `none`: nothing was checked
        equals = words.index("=")
        method, _, version = "".join(words[:equals]).lower().partition("/")
        result = words[equals + 1].lower() if len(words) > equals + 1 else ""
        if method in _METHODS and version in ("", "1"):
            said = result if result in _RESULTS else "none"
            yield _Said(method, said, _domains(words[equals + 2 :]), host)


def _domains(words: Sequence[str]) -> frozenset[str]:
    """Return for whom: every `header.from` of a statement."""
    values = [
        words[i + 1].removeprefix('"')
        for i in range(1, len(words) - 1)
        if words[i] == "=" and words[i - 1].lower() == "header.from"
    ]
    return frozenset(normal_domain(value.rpartition("@")[2]) for value in values)


def _statements(value: str) -> list[list[str]] | None:
    """Return the words between the semicolons, or None where the header is malformed."""
    words = _tokens(value)
    if words is None:
        return None
    statements: list[list[str]] = [[]]
    for word in words:
        if word == ";":
            statements.append([])
        else:
            statements[-1].append(word)
    return statements


def _tokens(value: str) -> list[str] | None:
    """Return the words of a structured header without its comments (they nest), or None.

    A quoted string keeps one quote in front, so that no `;` or `=` in it counts as a mark.
    """
    words: list[str] = []
    at = depth = 0
    while at < len(value):
        match = (_COMMENT if depth else _OUTSIDE).match(value, at)
        if match is None:
            return None
        at, found = match.end(), match.group()
        if depth or found == "(":
            depth += (found == "(") - (found == ")")
        elif found[0] == '"':
            if not match[1]:
                return None  # it never ends
            words.append('"' + _QUOTED_PAIR.sub(r"\1", found[1:-1]))
        elif not found.isspace():
            words.append(found)
    return None if depth else words
