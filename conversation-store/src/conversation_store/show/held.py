"""Says whether a file may be opened: not while harmful software is in it, or nobody has looked.

What the scanner said on the way in stands in the entry (`hub_kit.scan_files`). A file that it was
not asked about then, it is asked about when somebody opens it. A supervisor can let a file go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record

from hub_contract.errors import Permanent
from hub_contract.refusals import Refusal
from hub_contract.words import FileCheck
from hub_kit.database import Connection, transaction
from hub_kit.ground import Ground

ORIGINAL = -1  # the number of what arrived, as a whole
RELEASED = "released"
HELD = frozenset({FileCheck.FOUND, FileCheck.UNFIT, FileCheck.WAITING})
_READ = "select number, said, finding, by from held_file where tenant = $1 and entry_id = $2"
_KEEP = """
insert into held_file (tenant, entry_id, number, said, finding, by) values ($1, $2, $3, $4, $5, '')
on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What holds of one file now; `said` is a word of `FileCheck` or RELEASED."""

    said: str = ""
    finding: str = ""
    by: str = ""  # who let it go

    @property
    def shown(self) -> dict[str, str]:
        return {"check": self.said, "finding": self.finding, "released_by": self.by}


def said_on_arrival(content: Mapping[str, Any]) -> dict[int, Said]:
    """Return what the scanner said on the way in, of the original and of each file.

    The original brings every file with it, so what was found in one of them was found in it.
    """
    files: Sequence[Mapping[str, Any]] = content.get("attachments", ())
    said = {n: Said(f.get("check", ""), f.get("finding", "")) for n, f in enumerate(files)}
    whole = Said(content.get("original_check", ""), content.get("original_finding", ""))
    found = next((one for one in said.values() if one.said == FileCheck.FOUND), whole)
    return {ORIGINAL: whole if whole.said == FileCheck.FOUND else found, **said}


async def read_said(
    connection: Connection, tenant: str, entry_id: UUID, content: Mapping[str, Any]
) -> dict[int, Said]:
    """Return what holds of each file now: what was said last, and by whom it was let go."""
    rows: list[Record] = await connection.fetch(_READ, tenant, entry_id)
    later = {row["number"]: Said(row["said"], row["finding"], row["by"]) for row in rows}
    return said_on_arrival(content) | later


async def refuse_harmful(
    ground: Ground, tenant: str, file: tuple[UUID, int], said: Said, data: bytes
) -> None:
    """Return where the file may be opened, else raise `Permanent`; ask the scanner where needed."""
    if said.said == FileCheck.WAITING or (said.said == FileCheck.NONE and ground.scanner):
        said = await _ask(ground, tenant, file, data)
    if said.said == FileCheck.FOUND:
        raise Permanent("harmful software was found in it", code=Refusal.QUARANTINED)
    if said.said in HELD:
        raise Permanent("it has not been checked; try later", code=Refusal.NOT_CHECKED)


async def _ask(ground: Ground, tenant: str, file: tuple[UUID, int], data: bytes) -> Said:
    if ground.scanner is None:
        return Said(FileCheck.WAITING)
    checked = await ground.scanner(data)
    if checked.check != FileCheck.WAITING:
        async with transaction(ground.pool, tenant) as connection:
            await connection.execute(_KEEP, tenant, *file, checked.check, checked.finding)
    return Said(checked.check, checked.finding)
