"""Read what a TIFF says of itself, in bounds and without decoding a page: pure, total.

TIFF 6.0 (Adobe, 1992) section 2: a header, then a chain of directories, one a page. HylaFAX writes
class F (RFC 2306) and says who called in the tags below.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MOST_PAGES = 2_000  # that are counted; a chain that goes on is said to be `over`
_MOST_TAGS = 200  # of one page
_LONGEST = 1_000  # bytes of one text
_WIDTH, _LENGTH, _DESCRIPTION, _SOFTWARE, _DATE = 256, 257, 270, 305, 306
_OFFSETS = 273
_COUNTS = 279
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}  # bytes of one BYTE, ASCII, SHORT, LONG, RATIONAL
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


@dataclass(frozen=True, slots=True)
class Facts:
    """`broken`: the chain of pages or a page's bytes lead outside of the file."""

    is_tiff: bool = False
    pages: int = 0
    over: bool = False
    broken: bool = False
    description: tuple[str, ...] = ()  # lines: HylaFAX writes the TSI, then its CallIDs
    software: str = ""
    date: str = ""  # local to whoever wrote it
    sizes: tuple[tuple[int, int], ...] = field(default=(), repr=False)  # of the first pages

    @property
    def station(self) -> str:
        """What the sending machine calls itself, where HylaFAX wrote it down."""
        return self.description[0] if self.description and "HylaFAX" in self.software else ""

    @property
    def call_ids(self) -> tuple[str, ...]:
        """HylaFAX's CallIDs, in the order of its CallIDPattern lines."""
        return self.description[1:] if "HylaFAX" in self.software else ()


def read_tiff(raw: bytes) -> Facts:
    """Return what the file says; `Facts()` where it is no TIFF."""
    order = _ORDERS.get(raw[:4])
    if order is None or len(raw) < 8:
        return Facts()
    first: Mapping[int, _Tag] = {}
    sizes: list[tuple[int, int]] = []
    pages, broken, over = 0, False, False
    for page in _pages(raw, order):
        if page is None:
            broken = True
            break
        if pages == MOST_PAGES:
            over = True
            break
        first = first or page
        broken = broken or not _is_whole(raw, order, page)
        pages += 1
        if len(sizes) < 10:
            sizes.append((_number(raw, order, page, _WIDTH), _number(raw, order, page, _LENGTH)))
    return Facts(
        is_tiff=True,
        pages=pages,
        over=over,
        broken=broken,
        description=tuple(_text(raw, order, first, _DESCRIPTION).split("\n")),
        software=_text(raw, order, first, _SOFTWARE),
        date=_text(raw, order, first, _DATE),
        sizes=tuple(sizes),
    )


@dataclass(frozen=True, slots=True)
class _Tag:
    kind: int
    count: int
    place: int  # of its four bytes: the value, or where it lies


def _pages(raw: bytes, order: str) -> Iterator[Mapping[int, _Tag] | None]:
    """Yield the tags of page after page; None at last, where the chain leads outside or back."""
    (at,) = struct.unpack_from(f"{order}I", raw, 4)
    seen: set[int] = set()
    while at:
        if at in seen or at + 2 > len(raw):
            yield None
            return
        seen.add(at)
        (count,) = struct.unpack_from(f"{order}H", raw, at)
        end = at + 2 + 12 * count
        if count > _MOST_TAGS or end + 4 > len(raw):
            yield None
            return
        yield _tags(raw, order, at + 2, count)
        (at,) = struct.unpack_from(f"{order}I", raw, end)


def _tags(raw: bytes, order: str, at: int, count: int) -> Mapping[int, _Tag]:
    found = {}
    for number in range(count):
        place = at + 12 * number
        tag, kind, many = struct.unpack_from(f"{order}HHI", raw, place)
        found[tag] = _Tag(kind, many, place + 8)
    return found


def _value(raw: bytes, order: str, tag: _Tag | None, most: int) -> bytes:
    """Return the bytes of a tag's value, at most so many; empty where it lies outside."""
    if tag is None or tag.kind not in _SIZES:
        return b""
    size = _SIZES[tag.kind] * tag.count
    at = tag.place
    if size > 4:
        (at,) = struct.unpack_from(f"{order}I", raw, tag.place)
    return raw[at : at + min(size, most)]


def _text(raw: bytes, order: str, page: Mapping[int, _Tag], tag: int) -> str:
    said = _value(raw, order, page.get(tag), _LONGEST).split(b"\0", 1)[0]
    # The first line is empty where the machine does not say what it is called.
    return said.decode("utf-8", "replace").rstrip()


def _numbers(raw: bytes, order: str, tag: _Tag | None) -> tuple[int, ...]:
    if tag is None or tag.kind not in (3, 4):
        return ()
    size = _SIZES[tag.kind]
    data = _value(raw, order, tag, size * _MOST_STRIPS)
    many = len(data) // size
    return struct.unpack(f"{order}{many}{'H' if size == 2 else 'I'}", data[: many * size])


_MOST_STRIPS = 10_000  # of one page


def _number(raw: bytes, order: str, page: Mapping[int, _Tag], tag: int) -> int:
    found = _numbers(raw, order, page.get(tag))
    return found[0] if found else 0


def _is_whole(raw: bytes, order: str, page: Mapping[int, _Tag]) -> bool:
    """Say whether all bytes of a page lie within the file, and there are any."""
    starts = _numbers(raw, order, page.get(_OFFSETS))
    counts = _numbers(raw, order, page.get(_COUNTS))
    inside = all(at + many <= len(raw) for at, many in zip(starts, counts, strict=False))
    return bool(starts) and len(starts) == len(counts) and inside and any(counts)
