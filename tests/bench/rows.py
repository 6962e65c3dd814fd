"""What one measurement says, beside the floor of this machine and the aim, for all questions."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Aim:
    """`ratio`: the bound is a share of the floor, else a value in the row's unit."""

    bound: float
    at_least: bool = True
    ratio: bool = False

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return (
            f"{'≥' if self.at_least else '≤'} {said(self.bound)}{' × floor' if self.ratio else ''}"
        )


def at_least(bound: float) -> Aim:
    return Aim(bound)


def at_most(bound: float) -> Aim:
    return Aim(bound, at_least=False)


def at_least_of_floor(share: float) -> Aim:
    return Aim(share, ratio=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result. A row without a floor and an aim only informs."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    aim: Aim | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        if self.aim is None:
            return None
        measured = self.ratio if self.aim.ratio else self.value
        return measured is not None and self.aim.met(measured)


def said(number: float | None) -> str:
    """Return the number with as many digits as mean something."""
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def print_rows(console: Console, rows: Iterable[tuple[str, Row]], machine: str) -> None:
    table = Table(title=f"Faden, measured beside the floors of this machine ({machine})")
    for name in ("question", "what"):
        table.add_column(name, overflow="fold")
    for name in ("value", "unit", "floor", "ratio", "aim", "met"):
        table.add_column(name, justify="right", no_wrap=True)
    before = ""
    for question, row in rows:
        if before and question != before:
            table.add_section()
        table.add_row(*_cells(question if question != before else "", row))
        before = question
    console.print(table)


_MET = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}


def _cells(question: str, row: Row) -> list[str]:
    ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
    aim = str(row.aim) if row.aim else ""
    numbers = [said(row.value), row.unit, said(row.floor), ratio]
    return [question, row.name, *numbers, aim, _MET[row.met]]


def write_json(path: Path, rows: Iterable[tuple[str, Row]], machine: str) -> None:
    document = [
        {
            **asdict(row),
            "question": question,
            "ratio": row.ratio,
            "aim": str(row.aim or ""),
            "met": row.met,
        }
        for question, row in rows
    ]
    text = json.dumps({"machine": machine, "rows": document}, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
