"""One page, from the file's bytes to everything that is kept of it: all the heavy work there is."""

from dataclasses import replace

from PIL import Image

from hub_contract.problems import Problem, ProblemCode
from hub_reading import codes, fingerprint, preview, scan, upright, words
from hub_reading.limits import DEFAULT, Limits
from hub_reading.pages import open_page
from hub_reading.straighten import is_blank, level, square, without_specks
from hub_reading.values import Code, PageReading, Sheet, Word


def read_page(raw: bytes, number: int, limits: Limits = DEFAULT) -> PageReading:
    """Return page `number` (from 1), read; what went wrong with it is in its problems."""
    sheet = open_page(raw, number, limits)
    if isinstance(sheet, Problem):
        return PageReading(number, problems=(sheet,))
    return read_sheet(sheet, limits)


def look_at_page(raw: bytes, number: int, limits: Limits = DEFAULT) -> PageReading:
    """Return only what a batch is split by: the codes, and whether the page is blank."""
    sheet = open_page(raw, number, limits)
    if isinstance(sheet, Problem):
        return PageReading(number, problems=(sheet,))
    squared, dpi = square(without_specks(sheet.image), sheet.dpi)
    found = _codes(sheet, squared, limits)
    blank = not found and not sheet.words and is_blank(squared, dpi)
    return PageReading(number, codes=found, blank=blank, problems=sheet.problems)


def read_sheet(sheet: Sheet, limits: Limits = DEFAULT) -> PageReading:
    """Return what a picture of a page says."""
    squared, dpi = square(without_specks(sheet.image), sheet.dpi)
    found = _codes(sheet, squared, limits)
    if sheet.words:
        page = _shown(sheet, sheet.image, sheet.dpi[0], sheet.words)
        return replace(page, codes=found, has_text=True)
    if not found and is_blank(squared, dpi):
        # Two blank pages are no duplicate: it has no fingerprint.
        return replace(_shown(sheet, squared, dpi, ()), fingerprint="", blank=True)
    straight, turn, read = _recognised(squared, dpi, limits)
    page = replace(_shown(sheet, straight, dpi, _some(read or (), limits)), turned=turn)
    if read is None:
        late = Problem(code=ProblemCode.PAGE_UNREADABLE, about=str(sheet.number))
        page = replace(page, problems=(*page.problems, late))
    return replace(page, codes=found)


def _recognised(
    squared: Image.Image, dpi: float, limits: Limits
) -> tuple[Image.Image, int, tuple[Word, ...] | None]:
    """Return the page upright and level, by how much it was turned clockwise, and its words.

    The words are None where they took too long: noise can keep Tesseract busy for minutes.
    """
    straight, _ = level(squared, dpi)
    read = words.recognise(straight, dpi, limits.seconds)
    if read is None or words.seems_upright(read):
        return straight, 0, read
    on_its_side = words.lies_on_its_side(read)
    turn = upright.turn_of(straight, dpi, words.recognise_lines, on_its_side=on_its_side)
    if not turn:
        return straight, 0, read
    straight, _ = level(upright.turned(squared, turn), dpi)
    return straight, turn, words.recognise(straight, dpi, limits.seconds)


def _codes(sheet: Sheet, squared: Image.Image, limits: Limits) -> tuple[Code, ...]:
    pictures = (sheet.image,) if squared is sheet.image else (sheet.image, squared)
    return codes.find_codes(*pictures, most=limits.codes)


def _some(read: tuple[Word, ...], limits: Limits) -> tuple[Word, ...]:
    """Return as many words as have a page's characters, no more."""
    length = 0
    for index, word in enumerate(read):
        length += len(word.text) + 1
        if length > limits.characters:
            return read[:index]
    return read


def _shown(sheet: Sheet, straight: Image.Image, dpi: float, read: tuple[Word, ...]) -> PageReading:
    """Return the page with its pictures, and its words where they lie in the large one."""
    large = preview.large(straight)
    return PageReading(
        sheet.number,
        *large.size,
        small=preview.webp(preview.small(large)),
        large=preview.webp(large),
        words=words.scaled(read, large.width / straight.width),
        fingerprint=fingerprint.fingerprint(large),
        scan=scan.compress(_as_it_was(straight, sheet), dpi),
        problems=sheet.problems,
    )


def _as_it_was(straight: Image.Image, sheet: Sheet) -> Image.Image:
    """Return a fax in black and white again: a tenth of the bytes of its grey."""
    if sheet.image.mode != "1" or straight.mode == "1":
        return straight
    return straight.point([0] * 128 + [255] * 128).convert("1")
