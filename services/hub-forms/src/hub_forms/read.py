"""Reads a definition from YAML: a mistake is one line with its place in the file and a remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from hub_forms.define import PublicService
from hub_forms.words import Kind

LONGEST = 500_000  # bytes of one definition
_REMEDIES = {
    "missing": "is missing; write it",
    "extra_forbidden": "nobody knows this key; correct or remove it",
    "union_tag_invalid": "is no kind of requirement; correct it",
    "union_tag_not_found": "has no kind; write one",
    "string_pattern_mismatch": "may have small letters, digits and `-` alone, 40 at most",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a definition; `line` counts from 1, 0 where there is none."""

    line: int
    field: str
    says: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.field}: {self.says}" if self.field else f"{place}{self.says}"


class Faulty(ValueError):  # noqa: N818 - the definition is, not the program
    """A definition that cannot be used; `faults` has every reason."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def read_service(text: str | bytes) -> PublicService:
    """Return the service that this YAML defines; `Faulty` names line and field of all mistakes."""
    if len(text) > LONGEST:
        raise Faulty([Fault(0, "", f"is longer than {LONGEST} bytes; split it")])
    try:
        events = yaml.parse(text, yaml.SafeLoader)
        has_alias = any(isinstance(event, yaml.AliasEvent) for event in events)
        node = yaml.compose(text, yaml.SafeLoader)
        raw = None if has_alias else yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Faulty([_not_yaml(error)]) from None
    if has_alias:  # a few of them make gigabytes
        raise Faulty([Fault(0, "", "has an alias (`*name`); write it out")])
    if not isinstance(raw, dict):
        raise Faulty([Fault(1, "", "is no definition; begin with `name:`")])
    try:
        return PublicService.model_validate(raw)
    except ValidationError as error:
        raise Faulty(_fault(one, node) for one in error.errors()) from None


def read_folder(folder: Path) -> dict[str, PublicService]:
    """Return every service of a folder by its name; `Faulty` names the file as well."""
    services: dict[str, PublicService] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            service = read_service(path.read_bytes())
        except Faulty as error:
            faults = [
                Fault(one.line, f"{path.name}: {one.field}", one.says) for one in error.faults
            ]
            raise Faulty(faults) from None
        if service.name in services:
            raise Faulty([Fault(0, f"{path.name}: name", f"`{service.name}` is taken; rename it")])
        services[service.name] = service
    return services


def _not_yaml(error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    return Fault(mark.line + 1 if mark else 0, "", "is not YAML; check indent and colons")


def _fault(error: Any, root: yaml.Node | None) -> Fault:
    place = _without_tags(error["loc"])
    said = _REMEDIES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    if not place and ": " in said:  # of the whole: it names its place itself
        named, _, said = said.partition(": ")
        place = _place_of(root, named.split("."))
    field, line = _follow(root, place)
    return Fault(line, field, said)


def _place_of(node: yaml.Node | None, names: list[str]) -> list[int | str]:
    """Return the way to a place that is written with the keys of list items."""
    place: list[int | str] = []
    for name in names:
        step: int | str = name
        if isinstance(node, yaml.SequenceNode):
            called = [_named(node, number) for number in range(len(node.value))]
            step = called.index(name) if name in called else name
        place.append(step)
        node = _child(node, step)
    return place


def _without_tags(place: tuple[int | str, ...]) -> list[int | str]:
    """Leave out what pydantic puts in for a union: the kind, which is no key of the file."""
    kept: list[int | str] = []
    for before, step in zip((None, *place), place, strict=False):
        is_tag = isinstance(before, int) and kept[-1:] == [before] and step in _KINDS
        if is_tag:
            continue
        kept.append(step)
    return kept


_KINDS = frozenset(Kind)


def _follow(node: yaml.Node | None, place: list[int | str]) -> tuple[str, int]:
    """Return the field as people say it (`requirements.breed.label`) and its line."""
    said: list[str] = []
    line = node.start_mark.line + 1 if node else 0
    for step in place:
        said.append(_named(node, step))
        node = _child(node, step)
        if node is None:
            continue
        line = node.start_mark.line + 1
    return ".".join(said), line


def _named(node: yaml.Node | None, step: int | str) -> str:
    """Call the item of a list by its `key`, where it has one."""
    child = _child(node, step)
    if isinstance(step, int) and isinstance(child, yaml.MappingNode):
        for key, value in child.value:
            if key.value == "key" and isinstance(value, yaml.ScalarNode):
                return str(value.value)
    return str(step)


def _child(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: yaml.Node = node.value[step]
        return child
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None
