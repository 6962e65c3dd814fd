"""What `faden check` says of boxes."""

from dataclasses import replace

import pytest

from channel_paper import check
from channel_paper.boxes import Boxes, Sftp
from hub_kit.space import Room


def said(place, listens=True, **changes) -> list[tuple[str, str]]:
    settings = place.box.settings.model_copy(update=changes)
    found = check.lacks(Boxes([replace(place.box, settings=settings)]), listens=listens)
    return [(one.key.rpartition("letters.")[2], one.fault) for one in found]


def test_a_box_that_is_right_lacks_nothing(place, tmp_path):
    assert said(place) == []
    assert said(place, folder=tmp_path / "not" / "there" / "yet") == []


def test_a_file_is_no_folder(place, tmp_path):
    (tmp_path / "file").touch()
    assert said(place, folder=tmp_path / "file") == [("folder", "cannot be written")]


def test_a_full_disk_is_said(place, monkeypatch):
    monkeypatch.setattr(check, "room_at", lambda _: Room(20_000_000, 10**9))
    assert said(place) == [("folder", "has 20 MB left")]


@pytest.mark.parametrize(("user", "listens", "fault"), [
    ({"keys_file": "nowhere"}, True, ("sftp.keys_file", "cannot be read")),
    ({"password_env": "NOT_SET_HERE"}, True, ("sftp.password", "NOT_SET_HERE is not set")),
    ({"keys_file": __file__}, False, ("sftp", "nobody listens for it")),
])  # fmt: skip
def test_who_cannot_hand_in_is_said(place, user, listens, fault):
    assert said(place, listens, sftp=Sftp(user="postraum", **user)) == [fault]
