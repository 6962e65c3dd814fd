"""By when somebody is to be called back: by the authority's own clock, over nights and seasons."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_store.due import SHORTEST, again, window
from hub_contract.words import CallbackDay, CallbackPart
from hub_kit.hours import Office, read_hours

BERLIN = ZoneInfo("Europe/Berlin")
USUAL = Office()
NONE, TODAY, TOMORROW = CallbackDay.NONE, CallbackDay.TODAY, CallbackDay.TOMORROW
ANY, MORNING, AFTERNOON = CallbackPart.ANY, CallbackPart.MORNING, CallbackPart.AFTERNOON


def office(*hours: str, zone: str = "Europe/Berlin") -> Office:
    return Office(ZoneInfo(zone), tuple(map(read_hours, hours)))


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


# asked, wish, from, until; 2026-03-02 is a Monday
ROWS = [
    ("2026-03-02T09:00", TODAY, ANY, "2026-03-02T09:00", "2026-03-02T16:00"),
    ("2026-03-02T09:00", TODAY, AFTERNOON, "2026-03-02T12:00", "2026-03-02T16:00"),
    ("2026-03-02T09:00", TODAY, MORNING, "2026-03-02T09:00", "2026-03-02T12:00"),
    ("2026-03-02T13:00", TODAY, MORNING, "2026-03-03T08:00", "2026-03-03T12:00"),
    ("2026-03-02T15:50", TODAY, ANY, "2026-03-03T08:00", "2026-03-03T16:00"),
    ("2026-03-02T20:00", TODAY, ANY, "2026-03-03T08:00", "2026-03-03T16:00"),
    ("2026-03-02T09:00", TOMORROW, ANY, "2026-03-03T08:00", "2026-03-03T16:00"),
    ("2026-03-02T23:59", TOMORROW, MORNING, "2026-03-03T08:00", "2026-03-03T12:00"),
    ("2026-03-03T00:01", TOMORROW, MORNING, "2026-03-04T08:00", "2026-03-04T12:00"),
    ("2026-03-06T09:00", TOMORROW, ANY, "2026-03-09T08:00", "2026-03-09T16:00"),
    ("2026-03-02T09:00", NONE, ANY, "2026-03-02T09:00", "2026-03-02T11:00"),
    ("2026-03-02T15:00", NONE, ANY, "2026-03-02T15:00", "2026-03-02T16:00"),
    ("2026-03-06T17:00", NONE, ANY, "2026-03-09T08:00", "2026-03-09T10:00"),
    ("2026-03-02T06:00", NONE, AFTERNOON, "2026-03-02T12:00", "2026-03-02T16:00"),
    # The night in which clocks go forward, and the one in which they go back.
    ("2026-03-27T17:00", TOMORROW, ANY, "2026-03-30T08:00", "2026-03-30T16:00"),
    ("2026-10-23T17:00", TOMORROW, MORNING, "2026-10-26T08:00", "2026-10-26T12:00"),
]


@pytest.mark.parametrize(("asked", "day", "part", "begins", "due"), ROWS)
def test_a_wish_has_its_window(asked, day, part, begins, due) -> None:
    found = window(local(asked), USUAL, day, part)
    assert found == (local(begins), local(due))
    assert {found.begins.tzinfo, found.due.tzinfo} == {UTC}


def test_the_clock_is_the_authoritys_own() -> None:
    asked = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, 18:00 in Tokyo
    tokyo = office("mon-fri 08:00-16:00", zone="Asia/Tokyo")
    assert window(asked, USUAL, TODAY).due == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    assert window(asked, tokyo, TODAY).due == datetime(2026, 3, 3, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", timedelta(hours=6)), ("2026-10-25", timedelta(hours=8))],
    ids=["forward", "back"],
)
def test_a_shift_over_the_night_of_the_change_is_as_long_as_it_is(day, hours) -> None:
    nights = office("sun 01:00-08:00")
    found = window(local(f"{day}T00:30"), nights, TODAY)
    assert found.due - found.begins == hours


def test_a_time_that_the_clock_skips_is_a_moment_nevertheless() -> None:
    nights = office("sun 02:30-03:30")
    at = nights.at(date(2026, 3, 29), time(2, 30))
    assert at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_noon_break_parts_the_day() -> None:
    broken = office("mon-fri 08:00-12:00", "mon-fri 13:00-17:00")
    assert window(local("2026-03-02T09:00"), broken, TODAY).due == local("2026-03-02T12:00")
    assert window(local("2026-03-02T12:10"), broken, TODAY).begins == local("2026-03-02T13:00")


def test_a_part_in_which_nobody_is_ever_there_is_any_part() -> None:
    mornings = office("mon-fri 08:00-11:30")
    found = window(local("2026-03-02T09:00"), mornings, TODAY, AFTERNOON)
    assert found == (local("2026-03-02T09:00"), local("2026-03-02T11:30"))


def test_who_was_not_reached_is_tried_an_hour_later_at_the_soonest() -> None:
    assert again(local("2026-03-02T09:00"), USUAL, ANY).begins == local("2026-03-02T10:00")
    assert again(local("2026-03-02T15:30"), USUAL, ANY).begins == local("2026-03-03T08:00")
    assert again(local("2026-03-02T09:00"), USUAL, AFTERNOON).begins == local("2026-03-02T12:00")


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive there


@given(moments, st.sampled_from(CallbackDay), st.sampled_from(CallbackPart))
def test_every_wish_has_a_window_that_is_still_to_come(asked, day, part) -> None:
    found = window(asked, USUAL, day, part)
    assert asked <= found.begins
    assert found.due - found.begins >= SHORTEST
    there = found.begins.astimezone(BERLIN)
    assert there.weekday() < 5
    assert time(8) <= there.time() < time(16)
    assert part is not MORNING or found.due.astimezone(BERLIN).time() <= time(12)


@pytest.mark.parametrize(
    "text", ["", "mon", "mo-fr 08:00-16:00", "mon-fri 16:00-08:00", "fri-mon 08:00-16:00"]
)
def test_hours_that_cannot_be_read_say_how_to_write_them(text) -> None:
    with pytest.raises(ValueError, match="mon-fri 08:00-16:00"):
        read_hours(text)
