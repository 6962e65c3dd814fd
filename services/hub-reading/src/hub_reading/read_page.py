"""One page, from the file's bytes to everything that is kept of it: all the heavy work there is."""

from PIL import Image

from hub_contract.problems import Problem
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
        return _with_own_words(sheet, found)
    if not found and is_blank(squared, dpi):
        return _finished(sheet, squared, dpi, (), found, 0, blank=True)
    straight, _ = level(squared, dpi)
    read = words.recognise(straight, dpi, limits.seconds / 2)
    turn = 0
    if not words.seems_upright(read):
        turn = upright.turn_of(
            straight, dpi, words.recognise_lines, on_its_side=words.lies_on_its_side(read)
        )
    if turn:
        straight, _ = level(upright.turned(squared, turn), dpi)
        read = words.recognise(straight, dpi, limits.seconds / 2)
    return _finished(sheet, straight, dpi, _some(read, limits), found, turn, blank=False)


def _codes(sheet: Sheet, squared: object, limits: Limits) -> tuple[Code, ...]:
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


def _as_it_was(straight: Image.Image, sheet: Sheet) -> Image.Image:
    """Return a fax in black and white again: a tenth of the bytes of its grey."""
    if sheet.image.mode != "1" or straight.mode == "1":
        return straight
    return straight.point(lambda level: 255 if level > 127 else 0).convert("1")


def _with_own_words(sheet: Sheet, found: tuple[Code, ...]) -> PageReading:
    shown = preview.large(sheet.image)
    return PageReading(
        sheet.number,
        *shown.size,
        small=preview.webp(preview.small(shown)),
        large=preview.webp(shown),
        words=words.scaled(sheet.words, shown.width / sheet.image.width),
        codes=found,
        fingerprint=fingerprint.fingerprint(shown),
        has_text=True,
        scan=scan.compress(sheet.image, sheet.dpi[0]),
        problems=sheet.problems,
    )


def _finished(
    sheet: Sheet,
    straight: Image.Image,
    dpi: float,
    read: tuple[Word, ...],
    found: tuple[Code, ...],
    turn: int,
    *,
    blank: bool,
) -> PageReading:
    shown = preview.large(straight)
    return PageReading(
        sheet.number,
        *shown.size,
        small=preview.webp(preview.small(shown)),
        large=preview.webp(shown),
        words=words.scaled(read, shown.width / straight.width),
        codes=found,
        fingerprint="" if blank else fingerprint.fingerprint(shown),
        blank=blank,
        turned=turn,
        scan=scan.compress(_as_it_was(straight, sheet), dpi),
        problems=sheet.problems,
    )
