"""How many replies of the project's own tables are split into text, quotation and signature right.

A change that mends one and spoils another is seen here; `pytest channel-email/tests/test_reply.py`
says which.
"""

import importlib.util
from pathlib import Path
from typing import Any

from tests.bench.rows import Row, at_least
from tests.bench.set_up import Stage

_PATH = Path(__file__).parents[2] / "channel-email" / "tests" / "reply_table.py"


async def measure(_stage: Stage) -> list[Row]:
    cases = [case for case in _table().cases() if case.is_there]
    right = sum(case.split() == case.want for case in cases)
    return [Row(f"replies right, of {len(cases)}", right, "replies", aim=at_least(len(cases)))]


def _table() -> Any:
    spec = importlib.util.spec_from_file_location("reply_table", _PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
