"""What a TIFF says of itself, whatever its bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_fax.parse.tiff import MOST_PAGES, Facts, read_tiff
from local_hub.peers.faxes.pages import TSI, chain, tiff


def test_pages_and_what_hylafax_knows_of_the_call() -> None:
    facts = read_tiff(tiff(3, f"{TSI}\n07115550101\nErika\n<NONE>\n071112398"))
    assert (facts.pages, facts.broken, facts.over) == (3, False, False)
    assert facts.station == TSI
    assert facts.call_ids == ("07115550101", "Erika", "<NONE>", "071112398")
    assert facts.sizes[0] == (1728, 100)


def test_a_machine_without_a_name_moves_no_number() -> None:
    facts = read_tiff(tiff(1, "\n07115550101\nErika\n<NONE>\n071112398"))
    assert facts.station == ""
    assert facts.call_ids[-1] == "071112398"


def test_another_program_s_description_is_no_station() -> None:
    assert read_tiff(tiff(1)).station == ""


BROKEN = {
    "nothing": (b"", False, 0, False),
    "no TIFF": (b"%PDF-1.7", False, 0, False),
    "only a head": (b"II*\0\0\0\0\0", True, 0, False),
    "half a head": (b"II*\0\0", False, 0, False),
    "the head leads outside": (b"II*\0\xff\xff\xff\x7f", True, 0, True),
    "cut in the pages": (tiff(2)[:-30], True, None, True),
    "a loop": (chain(3, loop=True), True, 3, True),
    "20,000 pages": (chain(20_000), True, MOST_PAGES, True),
}


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_what_is_broken_is_said(case: str) -> None:
    raw, is_tiff, pages, broken = BROKEN[case]
    facts = read_tiff(raw)
    assert facts.is_tiff is is_tiff
    assert facts.broken is broken
    assert pages is None or facts.pages == pages
    assert facts.over is (case == "20,000 pages")


@given(st.binary(max_size=400), st.integers(0, 300))
def test_any_bytes_are_read(noise: bytes, at: int) -> None:
    raw = tiff(2, "a\nb")
    assert isinstance(read_tiff(raw[:at] + noise + raw[at + len(noise) :]), Facts)
    assert isinstance(read_tiff(b"MM\0*" + noise), Facts)
