"""Calls over a line with noise or a cut in it: what comes is kept, and what we say of it is true."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from channel_fax.parse import parse
from channel_fax.parse.context import Call, Context
from channel_fax.parse.tiff import read_tiff
from local_hub.fax_call import MH, MMR, MR, Wire, make_call
from local_hub.peers.faxes.pages import tiff

pytestmark = pytest.mark.real("spandsp")
GOOD = {
    "T.6 with error correction": Wire(),
    "T.4 in one dimension": Wire(compressions=MH),
    "T.4 in two": Wire(compressions=MH | MR),
    "T.6 alone": Wire(compressions=MH | MMR),
    "without error correction": Wire(ecm=False),
    "some noise, corrected": Wire(noise=60),
}


@pytest.mark.parametrize("lines", [98, 196, 391])
@pytest.mark.parametrize("case", sorted(GOOD))
def test_whole_calls(tmp_path: Path, case: str, lines: int) -> None:
    sent, came = tmp_path / "sent.tif", tmp_path / "came.tif"
    sent.write_bytes(tiff(2, height=lines * 2, lines=lines))
    ended = make_call(sent, came, GOOD[case])
    assert (ended.sender, ended.receiver) == (0, 0)
    facts = read_tiff(came.read_bytes())
    assert (facts.pages, facts.broken) == (2, False)
    assert facts.sizes[0][0] == 1728
    assert facts.sizes[0][1] >= lines * 2 * (0.45 if lines == 391 else 0.99)


BAD = {
    "cut while they talk": (Wire(cut_after=3), 0),
    "cut in a page": (Wire(cut_after=14), None),
    "cut after a page": (Wire(cut_after=40), None),
    "drowned in noise": (Wire(noise=2_500), 0),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_calls_that_fail(tmp_path: Path, case: str) -> None:
    wire, pages = BAD[case]
    sent, came = tmp_path / "sent.tif", tmp_path / "came.tif"
    sent.write_bytes(tiff(3, height=1_100, filled=True))
    ended = make_call(sent, came, wire)
    assert ended.sender != 0
    raw = came.read_bytes() if came.exists() else b""
    event = parse(
        raw, Context("t", "fax", datetime.now(UTC)), Call(fault="Disconnected", expected=3)
    ).event
    assert event.partial
    assert (event.pages or 0) < 3
    if pages is not None:
        assert (event.pages or 0) == pages
