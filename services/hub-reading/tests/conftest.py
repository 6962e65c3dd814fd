"""Pages that are drawn once for all tests, and the folder of files that are written by hand."""

import sys
from pathlib import Path

import pytest
from PIL import Image

from hub_reading.testing import Letter, draw

sys.path.insert(0, str(Path(__file__).parent))

REFERENCE = "384291770608"
DATA_MATRIX = ("DataMatrix", f"FADEN{REFERENCE}", 12.0)


@pytest.fixture(scope="session")
def paper() -> Image.Image:
    """A short letter at 300 dpi, with its reference in words and as a DataMatrix."""
    return draw(Letter("384-291-770-608", (DATA_MATRIX,), paragraphs=0))
