"""Makes `unseen.ttf`, the font of the searchable copy: `python -m hub_reading.testing.unseen_font`.

Two glyphs without an outline, half as wide as they are high: a PDF/A must embed what it names.
It needs fontTools, which is here for tests only; the file lies in the package.
"""

from io import BytesIO
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph

import hub_reading


def make() -> bytes:
    """Return the same bytes every time."""
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "unseen"])
    font.setupCharacterMap({32: "unseen"})
    font.setupGlyf({name: Glyph() for name in (".notdef", "unseen")})
    font.setupHorizontalMetrics(dict.fromkeys((".notdef", "unseen"), (500, 0)))
    font.setupHorizontalHeader(ascent=1000, descent=0)
    font.setupNameTable({"familyName": "Unseen", "styleName": "Regular", "psName": "Unseen"})
    font.setupOS2(sTypoAscender=1000, usWinAscent=1000, usWinDescent=0)
    font.setupPost()
    font.font["head"].created = font.font["head"].modified = 0
    font.font.recalcTimestamp = False
    out = BytesIO()
    font.save(out)
    return out.getvalue()


if __name__ == "__main__":
    Path(hub_reading.__file__).with_name("unseen.ttf").write_bytes(make())
