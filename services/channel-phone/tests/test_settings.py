"""What may stand in the file, and when somebody answers at the desk."""

from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from channel_phone.settings import PhoneAccount
from hub_kit.hours import Office, read_hours
from hub_pages.times import BERLIN

SID = "AC00000000000000000000000000000001"
OWN = {"address": "0711 123-90", "account_sid": SID, "auth_token_file": Path("token")}

WRONG = {
    "no token": ({"auth_token_file": None}, "auth_token_file or auth_token_env"),
    "no account": ({"account_sid": "AC1"}, "account_sid"),
    "no hours": ({"desk_hours": ("ever",)}, "write mon-fri 08:00-16:00"),
    "no day": ({"desk_hours": ("mon-son 08:00-16:00",)}, "write mon-fri 08:00-16:00"),
    "no time": ({"desk_hours": ("mon-fri 8-16",)}, "write mon-fri 08:00-16:00"),
    "an hour that is none": ({"desk_hours": ("mon 08:00-29:00",)}, "hour must be in 0..23"),
    "an end before its beginning": ({"desk_hours": ("mon 16:00-08:00",)}, "ends before"),
    "days that run back": ({"desk_hours": ("fri-mon 08:00-16:00",)}, "ends before"),
    "a message without end": ({"message_seconds": 3600}, "message_seconds"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named(name):
    changed, says = WRONG[name]
    with pytest.raises(ValidationError, match=says):
        PhoneAccount(**OWN | changed)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-05-12T08:00", True),  # a Tuesday
        ("2026-05-12T07:59", False),
        ("2026-05-12T16:00", False),
        ("2026-05-16T10:00", True),  # a Saturday
        ("2026-05-16T12:00", False),
        ("2026-05-17T10:00", False),
    ],
)
def test_hours_are_those_where_the_authority_is(at, is_open):
    own = OWN | {"desk": "+4971112391", "desk_hours": ("mon-fri 08:00-16:00", "sat 09:00-12:00")}
    moment = datetime.fromisoformat(at).replace(tzinfo=BERLIN)
    assert PhoneAccount(**own).is_desk_open(moment, Office()) is is_open


def test_without_hours_of_its_own_it_has_the_office_s_and_without_a_number_none():
    office = Office(BERLIN, (read_hours("sun 03:00-04:00"),))
    night = datetime(2026, 5, 17, 3, 0, tzinfo=BERLIN)
    assert PhoneAccount(**OWN, desk="+4971112391").is_desk_open(night, office)
    assert not PhoneAccount(**OWN, desk="+4971112391").is_desk_open(night, Office())
    assert not PhoneAccount(**OWN).is_desk_open(night, office)
    always = OWN | {"desk_hours": ("always",)}
    assert PhoneAccount(**always, desk="+4971112391").is_desk_open(night, Office())
    assert not PhoneAccount(**always).is_desk_open(night, office)
