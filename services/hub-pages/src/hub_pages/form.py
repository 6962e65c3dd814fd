"""Holds what was typed into a form and what is wrong with it, so that a page can show both."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field, in a sentence that says what to do."""

    field: str  # its name in the form; empty where it concerns the whole form
    text: str


@dataclass(frozen=True, slots=True)
class Form:
    """Frozen: a page shows it, nobody changes it. Fields are looked up by their names."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def fault(self, name: str) -> str:
        """Return what is wrong with this field, or nothing."""
        return next((fault.text for fault in self.faults if fault.field == name), "")

    @property
    def is_good(self) -> bool:
        return not self.faults
