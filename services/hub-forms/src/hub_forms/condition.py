"""Conditions and checks of a definition, in CEL: compiled once, evaluated on the server alone.

The language: https://github.com/google/cel-spec. It has no loops and no side effects, and ends. In
a condition every requirement is a variable of its name (`-` written as `_`); what nobody has
answered yet is null. `today` is the day on which it is asked.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Self

import cel
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

LONGEST = 500  # characters; a longer one nobody understands
TODAY = "today"


class Condition:
    """A CEL expression that is true or false; written as it stands in the definition."""

    __slots__ = ("_program", "text")

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ValueError(f"is longer than {LONGEST} characters; split it into two")
        self.text = text
        try:
            self._program: cel.Program = cel.compile(text)
        except ValueError as error:
            raise ValueError(f"is no condition: {_first_line(error)}") from None

    @property
    def names(self) -> frozenset[str]:
        """Return the variables that it asks for."""
        return frozenset(self._program.variables())

    def holds(self, values: Mapping[str, Any], today: date) -> bool | None:
        """Return what it says of these values; None where it cannot be said (yet).

        `values`: of all requirements, by key; null for what is not answered.
        """
        context = {variable(key): _as_cel(value) for key, value in values.items()}
        context[TODAY] = _as_cel(today)
        try:
            found = self._program.execute(cel.Context(context))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
            return None  # it compares with what is not answered, or of another kind
        return found if isinstance(found, bool) else None

    def __repr__(self) -> str:
        return f"Condition({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls.read,
            handler(str),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda one: one.text),
        )

    @classmethod
    def read(cls, text: str) -> Self:
        return cls(text)


def variable(key: str) -> str:
    """Return how a condition calls a requirement: CEL reads `-` as minus."""
    return key.replace("-", "_")


def _as_cel(value: Any) -> Any:
    if isinstance(value, datetime) or not isinstance(value, date):
        return float(value) if isinstance(value, Decimal) else value
    return datetime.combine(value, time(0), tzinfo=UTC)


def _first_line(error: ValueError) -> str:
    return str(error).partition("\n")[0].rpartition("ERROR: ")[2]
