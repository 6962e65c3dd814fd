"""The model of the pipeline: as designed it keeps every claim, and each planted mistake is caught."""

import gc
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# A tests folder is no package: the model beside this file is loaded by its path.
_spec = importlib.util.spec_from_file_location(
    "pipeline_model", Path(__file__).with_name("pipeline_model.py")
)
assert _spec
assert _spec.loader
model = importlib.util.module_from_spec(_spec)
sys.modules["pipeline_model"] = model
_spec.loader.exec_module(model)


@pytest.fixture(autouse=True)
def _uncollected() -> Iterator[None]:
    """A million small values and no cycle among them: looking for cycles is half of the time."""
    gc.disable()
    yield
    gc.enable()


def test_the_design_keeps_every_claim(record_property: Callable[[str, object], None]) -> None:
    found = model.explore(model.Design())
    record_property("states", found.states)
    assert (found.violated, found.story) == ("", ())
    assert found.states > 20_000
    happened = {
        "receiver dies",
        "relay dies",
        "a1 stands already",
        "a1 fails",
        "a2 waits behind its key",
        "replay a2",
    }
    assert happened <= found.steps, "a fault that never happens proves nothing"


@pytest.mark.parametrize("mistake", model.MISTAKES)
def test_each_mistake_is_caught(mistake: str) -> None:
    design, claim = model.MISTAKES[mistake]
    found = model.explore(design)
    assert found.violated == claim, "\n".join(found.story)


def test_there_are_nine_and_each_takes_one_rule_away() -> None:
    mistakes = [vars(design) for design, _ in model.MISTAKES.values()]
    assert [sum(not rule for rule in rules.values()) for rules in mistakes] == [1] * 9
    assert len({tuple(rules.values()) for rules in mistakes}) == 9
