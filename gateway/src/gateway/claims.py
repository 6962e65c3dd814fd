"""Finds a claim by its path, and says by names alone what came instead: pure, for log-in and check.

Of what a provider says of a person only names are ever logged or kept: the values are personal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Claims = Mapping[str, Any]

_MOST = 60  # names that are kept
_LONG = 80  # characters of each
_KINDS = {dict: "an object", list: "a list without texts", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a log-in could bring no role: the claim is not there, or is of another kind."""

    expected: str
    kind: str  # empty where the claim is not there
    came: tuple[str, ...]

    def say(self) -> str:
        what = f"is {self.kind}, not a text or a list of texts" if self.kind else "did not come"
        return f"the claim {self.expected} {what}; what came: {', '.join(self.came)}"


def claim_at(claims: Claims, path: str) -> Any:
    """Return what lies at `realm_access.roles`; None where nothing does.

    Some providers have names with dots: `https://amt.example/roles` is one whole name.
    """
    if path in claims:
        return claims[path]
    said: Any = claims
    for part in path.split("."):
        said = said.get(part) if isinstance(said, Mapping) else None
    return said


def text_at(claims: Claims, path: str) -> str:
    """Return the text there; empty where there is none, or something else."""
    said = claim_at(claims, path)
    return said if isinstance(said, str) else ""


def laid_over(below: Claims, above: Claims) -> dict[str, Any]:
    """Return both, `above` where both say something; objects are laid over each other."""
    above = {name: value for name, value in above.items() if value is not None}
    both = {n for n in below.keys() & above.keys() if _are_objects(below[n], above[n])}
    return {**below, **above} | {name: laid_over(below[name], above[name]) for name in both}


def _are_objects(*values: Any) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def texts_of(said: Any) -> list[str]:
    """Return the texts of a claim that is a text or a list of texts."""
    values = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    return [value for value in values if isinstance(value, str)]


def lack_of(claims: Claims, path: str) -> Lack | None:
    """Say why nothing can be read at `path`; None where something can, if only an empty list."""
    said = claim_at(claims, path)
    if said == [] or texts_of(said):
        return None
    kind = "" if said is None else _KINDS.get(type(said), "a number")
    names = [name[:_LONG] for name in _names(claims, path) if name.isprintable()]
    return Lack(path, kind, tuple(names[:_MOST]))


def _names(claims: Claims, path: str) -> list[str]:
    """Return the names that came, sorted; on the way of `path` also those that lie deeper."""
    first, _, rest = path.partition(".")
    inside = claims.get(first)
    deeper = _names(inside, rest) if rest and isinstance(inside, Mapping) else []
    return sorted({*claims, *(f"{first}.{name}" for name in deeper)})
