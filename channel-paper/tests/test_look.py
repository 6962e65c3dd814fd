"""Which files of a scan folder are finished."""

import os
from pathlib import PurePosixPath

import pytest

from channel_paper.parse.names import is_temporary
from channel_paper.parse.whole import Kind, ends_of, has_end, kind_of
from channel_paper.receive.look import Watch

PDF = b"%PDF-1.7\nx\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0 picture \xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n...IEND\xaeB`\x82"
TIFF = b"II*\0\x08\0\0\0" + b"\1" * 20
BIG = b"MM\0+\0\x08\0\0" + (16).to_bytes(8, "big") + b"\1" * 20


@pytest.fixture
def watch(tmp_path) -> Watch:
    return Watch(tmp_path, still=5, unended=600)


def names(found: list[PurePosixPath]) -> list[str]:
    return [str(one) for one in found]


@pytest.mark.parametrize("name", [
    ".scan.pdf", "._scan.pdf", "~scan.pdf", "scan.pdf.tmp", "SCAN.TMP", "scan.pdf.part",
    "scan.pdf.filepart", "tmp_0001.pdf", "scan.pdf~", "Thumbs.db", "desktop.ini", ".DS_Store",
    ".nfs0001", ".smbdelete1", "scan.pdf.crdownload", "scan.lock", "scan.writing",
])  # fmt: skip
def test_what_is_still_written_is_known_by_its_name(name):
    assert is_temporary(name)


@pytest.mark.parametrize("name", ["scan.pdf", "Scan 0001.TIF", "temporal.pdf", "a.b.pdf", "1"])
def test_what_a_scan_is_called_is_free(name):
    assert not is_temporary(name)


@pytest.mark.parametrize(("data", "kind"), [
    (PDF, Kind.PDF), (b"\r\n" + PDF, Kind.PDF), (JPEG, Kind.JPEG), (PNG, Kind.PNG),
    (TIFF, Kind.TIFF), (BIG, Kind.TIFF), (b"\0\0\0\x18ftypheic" + b"\1" * 9, Kind.HEIC),
])  # fmt: skip
def test_a_whole_file_has_an_end(data, kind):
    assert kind_of(data) is kind
    assert has_end(ends_of(data))


@pytest.mark.parametrize("data", [
    PDF[:-7], JPEG[:-2], PNG[:-8], TIFF[:8], TIFF[:5], BIG[:12], PDF[:9] + bytes(9_000),
    TIFF[:8] + bytes(9_000), b"", bytes(100),
])  # fmt: skip
def test_half_a_file_has_none(data):
    assert not has_end(ends_of(data))


def test_a_scan_is_finished_once_it_has_been_still(watch, tmp_path):
    (tmp_path / "a.pdf").write_bytes(PDF)
    assert watch.look(100) == []
    assert watch.look(104.9) == []
    assert names(watch.look(105)) == ["a.pdf"]


def test_one_look_is_not_enough_whatever_the_clock_says(watch, tmp_path):
    (tmp_path / "a.pdf").write_bytes(PDF)
    assert watch.look(1e9) == []


def test_who_writes_slowly_is_waited_for(watch, tmp_path):
    for second in range(0, 60, 4):
        with (tmp_path / "a.pdf").open("ab") as file:
            file.write(PDF)
        assert watch.look(second) == []


def test_a_size_that_is_reserved_first_is_no_scan_yet(watch, tmp_path):
    (tmp_path / "a.pdf").write_bytes(PDF.ljust(9_000, b"\0"))
    watch.look(0)
    assert watch.look(10) == []
    assert names(watch.look(600)) == ["a.pdf"]


def test_other_bytes_of_the_same_size_and_time_are_a_change(watch, tmp_path):
    path = tmp_path / "a.pdf"
    for second, letter in enumerate((b"x", b"y")):
        path.write_bytes(PDF.replace(b"x", letter))
        os.utime(path, (0, 0))
        watch.look(second * 5)
    assert watch.look(9) == []
    assert names(watch.look(10)) == ["a.pdf"]


@pytest.mark.parametrize("data", [b"", PDF[:-6]])
def test_a_scanner_that_hangs_is_not_waited_for_for_ever(watch, tmp_path, data):
    (tmp_path / "a.pdf").write_bytes(data)
    watch.look(0)
    assert watch.look(599) == []
    assert names(watch.look(600)) == ["a.pdf"]


def test_folders_below_are_looked_into_but_not_ours_nor_links(watch, tmp_path):
    for place in ("eg", "done/2026", "failed", ".faden/queue", "a/b/c/d/e/f", "eg/done"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "s.pdf").write_bytes(PDF)
    (tmp_path / "link.pdf").symlink_to(tmp_path / "eg" / "s.pdf")
    (tmp_path / "ring").symlink_to(tmp_path)
    watch.look(0)
    assert names(watch.look(9)) == ["eg/done/s.pdf", "eg/s.pdf"]


def test_a_folder_that_is_away_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        Watch(tmp_path / "gone", still=1, unended=1).look(0)
