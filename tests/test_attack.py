"""What `make attack` says: an error of other people fails it, a time is printed beside its aim."""

import pytest
from tests.attack.__main__ import Played, main
from tests.attack.people import Felt
from tests.attack.strike import STRIKES


def played(seconds: float, errors: list[str]) -> Played:
    before, during, after = Felt([0.01] * 9), Felt([seconds] * 9, errors), Felt([0.01])
    return Played("silent_sockets", ({"page": before}, {"page": during}, {"page": after}))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.01, "1.0×"), (0.03, "3.0×"), (0.05, "5.0×  over the aim of 3")],
)
def test_times_stand_beside_their_aim(seconds, said):
    [line] = played(seconds, []).lines()
    assert line.endswith(said)
    assert "10/10 ms   0 of 9" in line
    assert played(seconds, []).errors == []


def test_errors_are_counted():
    one = played(0.01, ["ReadTimeout"])
    assert one.errors == ["ReadTimeout"]
    assert "1 of 9" in one.lines()[0]


def test_an_attack_nobody_knows_is_said(capsys):
    assert main(["headers"]) == 2
    assert "large_headers" in capsys.readouterr().out
    assert {"half_headers", "live_streams", "smtp_idle"} <= set(STRIKES)
