"""Makes a coat of arms harmless: what is drawn is copied, by a list; all else stays behind. Pure.

Rule 1. Elements and attributes that this list does not name are not copied. Where that would change
        the picture, or where somebody meant mischief, the file is refused, with the line.
Rule 2. Nothing leads out of the picture: no address, no entity, no style sheet, no script.
Rule 3. What a browser does with it stays small: bytes, elements, pixels; nothing is drawn twice.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from hub_pages.face.fault import Fault

MOST_BYTES = 200_000
MOST_ELEMENTS = 2_000
MOST_PIXELS = 1_000  # of each side
_Element = Any  # lxml brings no types
_SVG = "{http://www.w3.org/2000/svg}"
_LINKS = ("href", "{http://www.w3.org/1999/xlink}href")
_GRADIENTS = frozenset({"linearGradient", "radialGradient"})


def _names(said: str) -> frozenset[str]:
    return frozenset(said.split())


_DRAWN = _GRADIENTS | _names(
    "svg g defs path rect circle ellipse line polyline polygon stop clipPath"
)
_SILENT = _names("title desc metadata")  # not drawn
_PAINT = _names(
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap"
    " stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset opacity color"
    " stop-color stop-opacity clip-path clip-rule display visibility paint-order"
)
_SHAPE = _names(
    "id d x y x1 y1 x2 y2 cx cy r rx ry fx fy fr width height points viewBox transform offset"
    " gradientTransform gradientUnits spreadMethod clipPathUnits preserveAspectRatio"
)
_PLAIN = re.compile(r"[\w\s.,#%+-]*+")
_INSIDE = re.compile(r"url\((['\"]?+)#[\w.-]++\1\)(?:\s++[\w#]++)?+")
_FUNCTIONS = re.compile(
    r"(?:(?:matrix|translate|scale|rotate|skewX|skewY|rgba?+|hsla?+)\([\w\s.,%+-]*+\)[\s,]*+)++"
)
_REMEDIES = {
    "style": "save it with presentation attributes (in Inkscape as plain SVG)",
    "text": "convert the letters to paths",
    "use": "unlink the clones, so that each shape stands for itself",
    "image": "draw it as shapes, or bring arms.png",
}
_REMOVE = "remove it, or bring arms.png"
_SAVE = "save it as plain SVG in UTF-8"


@dataclass(frozen=True, slots=True)
class Arms:
    """A picture that may be served: `file` is `arms.svg` or `arms.png`."""

    file: str
    data: bytes


def read_arms(file: str, data: bytes) -> tuple[Arms | None, list[Fault]]:
    """Return the harmless copy of a picture, or what is wrong with it."""
    if len(data) > MOST_BYTES:
        said = f"has {len(data)} bytes, and {MOST_BYTES} are allowed"
        return None, [Fault(file, "", said, "simplify it")]
    cleaned, faults = (_clean_svg if file.endswith(".svg") else _clean_png)(file, data)
    return (None if faults else Arms(file, cleaned)), faults


def _clean_svg(file: str, data: bytes) -> tuple[bytes, list[Fault]]:
    root, faults = _tree(file, data)
    if root is None:
        return b"", faults
    number = sum(1 for _ in root.iter())
    if number > MOST_ELEMENTS:
        said = f"has {number} elements, and {MOST_ELEMENTS} are allowed"
        return b"", [Fault(file, "", said, "simplify it")]
    copied, faults = _Copy(file).whole(root)
    return etree.tostring(copied, encoding="utf-8"), faults


def _tree(file: str, data: bytes) -> tuple[_Element | None, list[Fault]]:
    """Return the root of the document; entities are refused before anything reads them."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, [Fault(file, "", "is not UTF-8", _SAVE)]
    if "<!ENTITY" in text:
        line = text[: text.index("<!ENTITY")].count("\n") + 1
        return None, [Fault(file, f"line {line}", "declares entities", _SAVE)]
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        return None, [Fault(file, f"line {error.lineno or 1}", "is not well-formed XML", _SAVE)]
    if root.tag != f"{_SVG}svg":
        return None, [Fault(file, f"line {root.sourceline}", "is no SVG drawing", _SAVE)]
    return root, []


class _Copy:
    """Copies what the list names, and notes what it may not leave out in silence."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def whole(self, root: _Element) -> tuple[_Element, list[Fault]]:
        made = etree.Element(f"{_SVG}svg", nsmap={None: _SVG[1:-1]})
        self._into(made, root, clips=False)
        if "viewBox" not in made.attrib:
            try:
                sides = [float(root.get(side, "").removesuffix("px")) for side in _SIDES]
                made.set("viewBox", f"0 0 {sides[0]:g} {sides[1]:g}")
            except ValueError:
                self._note(root, "has no viewBox", 'add viewBox="0 0 width height" to <svg>')
        return made, self.faults

    def _into(self, made: _Element, found: _Element, *, clips: bool) -> None:
        name = found.tag.removeprefix(_SVG)
        for key, value in self._attributes(found, name):
            if clips and key == "clip-path":  # each level would multiply what is drawn
                self._note(found, "clips a clipping path", "flatten it")
            made.set(key, value)
        for child in found:
            if child.tag is etree.Entity:
                self._note(child, "has an entity", _SAVE)
            elif isinstance(child.tag, str) and child.tag.startswith(_SVG):
                self._child(made, child, clips=clips)

    def _child(self, made: _Element, child: _Element, *, clips: bool) -> None:
        name = child.tag.removeprefix(_SVG)
        if name in _DRAWN:
            self._into(etree.SubElement(made, child.tag), child, clips=clips or name == "clipPath")
        elif name not in _SILENT:
            self._note(child, f"<{name}> may not stand in it", _REMEDIES.get(name, _REMOVE))

    def _attributes(self, found: _Element, name: str) -> Iterator[tuple[str, str]]:
        for key, value in found.attrib.items():
            if key.lower().startswith("on"):
                self._note(found, f"{key} would be run as a script", "remove it")
            elif key in _LINKS:
                if not value.startswith("#"):
                    self._note(found, "leads out of the picture (href)", "remove it")
                elif name in _GRADIENTS and _PLAIN.fullmatch(value):
                    yield "href", value
            elif key == "style":
                yield from self._declarations(found, value)
            elif key in _PAINT or key in _SHAPE:
                yield from self._checked(found, key, value)

    def _declarations(self, found: _Element, style: str) -> Iterator[tuple[str, str]]:
        """Say as attributes what a style says: drawing programs write it so."""
        for one in style.split(";"):
            key, _, value = (part.strip() for part in one.partition(":"))
            reaches = "\\" in value or "url" in value.lower() or "import" in value.lower()
            if key in _PAINT or reaches:
                checked = self._checked(found, key, value)
                yield from (pair for pair in checked if key in _PAINT)

    def _checked(self, found: _Element, key: str, value: str) -> Iterator[tuple[str, str]]:
        value = value.strip()
        if any(one.fullmatch(value) for one in (_PLAIN, _INSIDE, _FUNCTIONS)):
            yield key, value
        else:
            self._note(found, f"{key} may not say {value[:40]!r}", "write a colour or numbers")

    def _note(self, found: _Element, fault: str, remedy: str) -> None:
        self.faults.append(Fault(self.file, f"line {found.sourceline}", fault, remedy))


_SIDES = ("width", "height")
_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"})


def _clean_png(file: str, data: bytes) -> tuple[bytes, list[Fault]]:
    """Return it without what is not drawn: texts, places, times, what is hidden behind its end."""
    try:
        chunks = list(_chunks(data))
        said = _look(chunks)
    except (ValueError, struct.error, zlib.error):
        said = "is no whole PNG"
    if said:
        return b"", [Fault(file, "", said, "save it anew as PNG, or bring arms.svg")]
    parts = (struct.pack(">I", len(body)) + kind + body + check for kind, body, check in chunks)
    return _PNG + b"".join(parts), []


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield kind, body and check of what is drawn (PNG, 5.3); `ValueError` where one is broken."""
    if not data.startswith(_PNG):
        raise ValueError
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        body, check = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if struct.pack(">I", zlib.crc32(kind + body)) != check:
            raise ValueError
        if kind in _KEPT:
            yield kind, body, check
        at += 12 + length


def _look(chunks: list[tuple[bytes, bytes, bytes]]) -> str:
    """Return what is wrong with its size; its pixels are unpacked no further than it says."""
    width, height = struct.unpack_from(">II", chunks[0][1])
    if chunks[0][0] != b"IHDR" or min(width, height) < 1 or max(width, height) > MOST_PIXELS:
        return f"has {width} x {height} pixels, and {MOST_PIXELS} x {MOST_PIXELS} are allowed"
    most = 8 * (width + 8) * (height + 8)
    unpack = zlib.decompressobj()
    pixels = unpack.decompress(b"".join(b for k, b, _ in chunks if k == b"IDAT"), most)
    return "" if pixels and unpack.eof else "is no whole PNG"
