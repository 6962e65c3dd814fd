"""Pages become square, level, clean; blank ones are known, with holes, dust and noise."""

import pytest
from PIL import Image, ImageDraw

from hub_reading.straighten import is_blank, level, skew_of, square, without_specks
from hub_reading.testing import FINE, STANDARD, SUPERFINE, Letter, blank_page, draw, fax, scan


@pytest.mark.parametrize(
    ("dpi", "size", "wanted"),
    [
        (STANDARD, (1728, 2386), 204),
        (FINE, (1728, 2386), 204),
        (SUPERFINE, (2541, 3508), 300),
        ((300.0, 300.0), None, 300),
        ((100.0, 100.0), None, 150),
        ((600.0, 600.0), None, 300),
    ],
    ids=["standard", "fine", "superfine", "300", "100", "600"],
)
def test_pixels_become_square(
    dpi: tuple[float, float], size: tuple[int, int] | None, wanted: float
) -> None:
    before = (round(8.27 * dpi[0]), round(11.69 * dpi[1]))
    page = fax(blank_page(100), dpi) if size else Image.new("L", before, 255)
    after, found = square(page, dpi)
    assert found == wanted
    ratio = after.height / after.width
    assert ratio == pytest.approx(297 / 215.2 if size else 2**0.5, rel=0.01)
    if size:
        assert after.size == pytest.approx(size, abs=8)


@pytest.mark.parametrize("skew", [-3.0, -1.0, 0.0, 0.6, 2.5])
def test_lines_become_level(skew: float) -> None:
    page = scan(draw(Letter("384-291-770-608", paragraphs=3), 150), 1, skew=skew)
    assert skew_of(page, 150) == pytest.approx(-skew, abs=0.15)
    straight, _ = level(page, 150)
    assert skew_of(straight, 150) == pytest.approx(0, abs=0.4)


def test_a_page_without_lines_is_left_alone() -> None:
    for page in (blank_page(150), Image.effect_noise((1240, 1754), 80)):
        assert level(page, 150) == (page, 0.0)


def test_specks_vanish_and_letters_stay() -> None:
    clean = fax(draw(Letter("384-291-770-608")), FINE, specks=0)
    dirty = clean.copy()
    for place in range(50, 1500, 97):
        dirty.putpixel((place, 40), 0)
    cleaned = without_specks(dirty)
    black = [page.histogram()[0] for page in (clean, dirty, cleaned)]
    assert black[1] == black[0] + 15
    assert 0.995 * black[0] < black[2] <= black[0]


def holes(page: Image.Image, dpi: int) -> Image.Image:
    """Punch two holes as ISO 838 has them: 6 mm wide, 12 mm from the edge, 80 mm apart."""
    drawn = ImageDraw.Draw(page)
    for millimetres in (108.5, 188.5):
        x, y, radius = 12 / 25.4 * dpi, millimetres / 25.4 * dpi, 3 / 25.4 * dpi
        drawn.ellipse((x - radius, y - radius, x + radius, y + radius), fill=20)
    return page


def with_word(page: Image.Image) -> Image.Image:
    ImageDraw.Draw(page).text((page.width // 2, page.height // 2), "ja", fill=0, font_size=45)
    return page


def with_shadow(page: Image.Image) -> Image.Image:
    ImageDraw.Draw(page).rectangle((0, 0, 12, page.height), fill=0)
    return page


BLANK = {
    "white": lambda: blank_page(200),
    "yellow-paper": lambda: Image.new("L", (1654, 2339), 190),
    "noise": lambda: scan(blank_page(200), 1, noise=12, specks=200),
    "holes": lambda: scan(holes(blank_page(200), 200), 2),
    "shadow-of-the-edge": lambda: with_shadow(blank_page(200)),
    "fax": lambda: fax(blank_page(200), FINE, 4, specks=300),
}
WRITTEN = {
    "one-word": lambda: scan(with_word(blank_page(200)), 1),
    "word-and-holes": lambda: scan(with_word(holes(blank_page(200), 200)), 1),
    "letter": lambda: draw(Letter("", paragraphs=0), 200),
    "fax-of-a-word": lambda: fax(with_word(blank_page(200)), FINE, 4),
}


@pytest.mark.parametrize("name", sorted(BLANK))
def test_a_page_is_blank(name: str) -> None:
    assert is_blank(BLANK[name](), 200)


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_page_is_not_blank(name: str) -> None:
    assert not is_blank(WRITTEN[name](), 200)
