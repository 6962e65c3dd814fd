"""Put pictures where they stand in a mail: a note «[image 2: plan.png]» in its text.

The number is the picture's place in the list of attachments, from 1; without one it is missing.
Pages show the picture there (`hub_pages/pictures.py`); everybody else reads its name.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, islice
from urllib.parse import unquote

from lxml import etree
from lxml import html as lxml_html

from channel_email.parse.html import read_page
from channel_email.parse.limits import PICTURES
from hub_contract.words import Attachment

# As Outlook notes one in plain text, and this parser in a page; as Gmail does.
_NOTE = re.compile(r"\[(cid|image):[ ]?([^\[\]\n]{1,500})\]")
_CID_NOTE = re.compile(r"(\[cid:[^\[\]\n]{1,500}\])")
_SOURCE = re.compile(r"(<img\b[^<>]{0,2000}?\ssrc\s?=\s?[\"']?)([^\"'\s<>]{1,2000})", re.IGNORECASE)
_NOT_SHOWN = re.compile(r"(?:^|;)\s*+display\s*+:\s*+none\s*+(?:;|$)", re.IGNORECASE)
_NO_WORDS = ("head", "link", "meta", "script", "style", "title", etree.Comment)
_DOTS = ("0", "1", "2")  # pixels of a picture that nobody is to see
_BRACKETS = str.maketrans("[]\n", "() ")
_LETTERS = re.compile(r"[^\W_]+")
_BEFORE = 30  # letters before a picture, by which its place in the plain form is found


def note_pictures(page: lxml_html.HtmlElement) -> None:
    """Write a note behind each picture of a page that came with the mail."""
    for image in page.iter("img"):
        source = image.get("src", "").strip()
        if source[:4].lower() == "cid:" and not _is_invisible(image):
            note = unquote(source[4:]).translate(_BRACKETS)[:500]
            image.tail = f"[cid:{note}]{image.tail or ''}"


def _is_invisible(image: lxml_html.HtmlElement) -> bool:
    return image.get("width", "").strip() in _DOTS or image.get("height", "").strip() in _DOTS


def point_to(markup: str, locations: dict[str, str]) -> str:
    """Return a page whose pictures are named by content id, not by location (RFC 2557).

    `locations` has the content id for each `Content-Location`.
    """
    if not locations:
        return markup
    by_end = {location.rpartition("/")[2]: cid for location, cid in locations.items()}

    def _named(match: re.Match[str]) -> str:
        source = unquote(match[2])
        cid = locations.get(match[2]) or locations.get(source)
        cid = cid or by_end.get(source.rpartition("/")[2])
        return f"{match[1]}cid:{cid}" if cid else match[0]

    return _SOURCE.sub(_named, markup)


def carry_over(plain: str, markup: str) -> str:
    """Return the plain form with the notes of the page, where it has none of its own.

    A note comes behind the same letters as in the page; where these are not found, it is left out.
    """
    kinds = {kind for kind, _ in _NOTE.findall(plain)}
    if "cid" in kinds or (page := read_page(markup)) is None:
        return plain
    words = _words_in_order(page)
    return _by_order(plain, words) if kinds else _by_letters(plain, words)


def _words_in_order(page: lxml_html.HtmlElement) -> str:
    """Return the visible words of a page and its notes, in no lines: layout takes far longer."""
    note_pictures(page)
    for element in page.xpath("//*[@style]"):
        if _NOT_SHOWN.search(element.get("style")):
            element.tag = "style"
    etree.strip_elements(page, *_NO_WORDS, with_tail=False)
    for one in page.iter("ol"):  # a plain form has their numbers
        for number, item in enumerate(one.iterchildren("li"), start=1):
            item.text = f"{number}. {item.text or ''}"
    return str(page.xpath("string()"))


def _by_letters(plain: str, page: str) -> str:
    """Return the plain form with each note behind the letters that it stands behind in the page."""
    pieces = _CID_NOTE.split(page)
    if len(pieces) == 1:
        return plain
    place_of, bare = _places(plain)
    before, done, found = "", 0, 0
    kept: list[str] = []
    for words, note in list(zip(pieces[::2], pieces[1::2], strict=False))[:PICTURES]:
        last = islice(filter(str.isalnum, reversed(words)), _BEFORE)
        before = (before + "".join(last)[::-1])[-_BEFORE:]
        where = bare.find(before, max(found - len(before), 0))
        if where < 0:
            continue
        found = where + len(before)
        at = place_of(found - 1) + 1 if found else 0
        quoted = _next_quoted(plain, at, place_of(found) if found < len(bare) else at)
        written = f"> {note}\n" if quoted else f" {note}" if at else f"{note}\n"
        kept += [plain[done : quoted or at], written]
        done = quoted or at
    return "".join([*kept, plain[done:]])


def _places(plain: str) -> tuple[Callable[[int], int], str]:
    """Return a function that says where the n-th letter of a text stands, and all its letters."""
    words = _LETTERS.findall(plain)
    starts = [word.start() for word in _LETTERS.finditer(plain)]
    letters_before = [0, *accumulate(map(len, words))]

    def place_of(number: int) -> int:
        word = bisect_right(letters_before, number) - 1
        return starts[word] + number - letters_before[word]

    return place_of, "".join(words)


def _by_order(plain: str, page: str) -> str:
    """Return the plain form with the page's notes for its own, which Gmail writes without ids."""
    notes = _CID_NOTE.findall(page)
    if len(notes) != len(_NOTE.findall(plain)):
        return plain
    following = iter(notes)
    return _NOTE.sub(lambda _: next(following), plain)


def _next_quoted(plain: str, at: int, following: int) -> int:
    """Return where the quoted line begins whose first picture it is, or 0: it is in this line."""
    line = plain.rfind("\n", at, following) + 1
    return line if plain.startswith(">", line) and line > at else 0


def number_pictures(text: str, files: Sequence[Attachment]) -> str:
    """Return the text with each note as «[image 2: plan.png]», or without a number: missing."""
    if "[cid:" not in text and "[image:" not in text:
        return text
    numbered = list(enumerate(files, start=1))
    by_id = {f.content_id.translate(_BRACKETS): (n, f.file_name) for n, f in reversed(numbered)}
    by_name: dict[str, Iterator[int]] = {}

    def _numbered(match: re.Match[str]) -> str:
        kind, about = match.groups()
        if kind == "cid":
            number, name = by_id.get(about, (0, about))
        else:
            if about not in by_name:
                by_name[about] = iter([n for n, f in numbered if f.file_name == about])
            number, name = next(by_name[about], 0), about
        name = name.translate(_BRACKETS)
        return f"[image {number}: {name}]" if number else f"[image: {name}]"

    return _NOTE.sub(_numbered, text)
