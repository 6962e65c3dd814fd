"""What services count is said in words, and who should look is warned."""

from datetime import date

import pytest

from workspace.figures import tell_figures

TOLD = {
    "kept": ("promise", {"asked": 4, "answered": 3, "in_time": 3}, "3 von 4", "(75 %), 1 nie", ""),
    "not": ("promise", {"asked": 8, "answered": 8, "in_time": 5}, "5 von 8", "(62 %)", "warning"),
    "nobody": ("promise", {"asked": 0, "answered": 0, "in_time": 0}, "0 von 0", "(100 %)", ""),
    "open": ("callbacks", {"open": 2, "overdue": 0}, "2 offen", "0 überfällig", ""),
    "strangers": ("unknown_accounts", {"hooks": 3}, "3 seit", "beim Anbieter", "warning"),
    "late": ("callbacks", {"open": 2, "overdue": 1}, "2 offen", "1 überfällig", "warning"),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_figure_is_said(name):
    kind, counts, one, other, tone = TOLD[name]
    figure = {"name": kind, "day": "2026-05-12", "counts": counts}
    [told] = tell_figures([figure], str, date.isoformat)
    assert one in told.text
    assert other in told.text
    assert told.tone == tone


def test_what_a_newer_service_counts_is_left_out():
    assert tell_figures([{"name": "moons", "counts": {}}], str, date.isoformat) == []
