"""How many refusals of our own table of dialects are read as a person would tell them.

Not a speed: it stands here beside the others because it is a number to be held, and to grow with.
"""

import importlib.util
from pathlib import Path

from tests.bench.rows import Row, at_least
from tests.bench.set_up import Stage

from channel_email.parse import parse

_ROOT = Path(__file__).parents[2]
_TABLE = _ROOT / "channel-email" / "tests" / "refusals.py"


async def measure(_: Stage) -> list[Row]:
    spec = importlib.util.spec_from_file_location("refusals", _TABLE)
    assert spec is not None
    assert spec.loader is not None
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    told = [
        getattr(parse(row.raw, table.CONTEXT).event, "reason", "") == row.reason
        for row in table.refusals()
    ]
    right = 100 * sum(told) / len(told)
    return [Row(f"bounce reasons right, of {len(told)}", right, "%", aim=at_least(95))]
