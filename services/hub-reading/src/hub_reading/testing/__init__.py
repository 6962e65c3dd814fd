"""Pages for tests and measurements: letters with words and codes, as paper, scans and faxes.

Drawn by pdfium with the font that it brings along, so that every machine draws the same.
"""

from hub_reading.testing.letters import Letter, blank_page, draw, letter_pdf
from hub_reading.testing.machines import FINE, STANDARD, SUPERFINE, fax, scan, tiff

__all__ = [
    "FINE",
    "STANDARD",
    "SUPERFINE",
    "Letter",
    "blank_page",
    "draw",
    "fax",
    "letter_pdf",
    "scan",
    "tiff",
]
