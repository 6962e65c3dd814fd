"""The searchable copy of a document: PDF/A-2b, each page its picture with its words unseen over it.

Rule 1. It is a copy beside the original, which stays as it came. Where the original is signed, or
        has its text itself, none is made: the original is the better one.
Rule 2. ISO 19005-2 asks for XMP, an output intent for each kind of colour, embedded fonts, and no
        encryption; pictures are G4 or JPEG. `hub-reading/tests` have it checked by pikepdf.pdfa.
Rule 3. The same pages give the same bytes.

The words are set in a font whose letters have a width and nothing else (`unseen.ttf`, made by
`hub_reading.testing.unseen_font`).
"""

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import ImageCms

from hub_reading.values import PageReading, Scan, Word

_BLOCKS = [high for high in range(0xFE) if not 0xD8 <= high < 0xE0]  # of 256 letters each
_KNOWN = frozenset(_BLOCKS)
_WIDE = 500  # thousandths of the size: each letter
_TITLE = "Durchsuchbare Kopie"
_SIDE = 14_400.0  # points, the longest side that PDF 1.7 allows
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def is_wanted(pages: Iterable[PageReading], *, signed: bool) -> bool:
    """Say whether a copy tells more than the original: some page of it has words only by us."""
    return not signed and any(page.words and not page.has_text for page in pages)


def make_searchable(pages: Sequence[PageReading]) -> bytes:
    """Return the PDF/A-2b of these pages; those without a picture are left out."""
    with pikepdf.new() as pdf:
        font = _font(pdf)
        for page in pages:
            if page.scan:
                _add(pdf, page, page.scan, font)
        if not len(pdf.pages):
            return b""
        _declare(pdf)
        out = BytesIO()
        pdf.save(
            out,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            fix_metadata_version=False,
        )
        return out.getvalue()


def _add(pdf: pikepdf.Pdf, page: PageReading, scan: Scan, font: pikepdf.Object) -> None:
    points = min(72 / scan.dpi, _SIDE / max(scan.width, scan.height))
    wide, high = scan.width * points, scan.height * points
    content = [f"q {wide:.3f} 0 0 {high:.3f} 0 0 cm /P Do Q".encode()]
    content += _text(page.words, wide / max(page.width, 1), high)
    added = pdf.add_blank_page(page_size=(wide, high))
    added.obj.Resources = Dictionary(
        XObject=Dictionary(P=_picture(pdf, scan)), Font=Dictionary(F=font)
    )
    added.obj.Contents = pdf.make_stream(b"\n".join(content))


def _picture(pdf: pikepdf.Pdf, scan: Scan) -> pikepdf.Object:
    stream = pdf.make_stream(scan.data)
    stream.stream_dict.update(
        Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=scan.width,
            Height=scan.height,
            ColorSpace=Name.DeviceRGB if scan.colours == 3 else Name.DeviceGray,
            BitsPerComponent=1 if scan.filter == "CCITTFaxDecode" else 8,
            Filter=Name(f"/{scan.filter}"),
        )
    )
    if scan.filter == "CCITTFaxDecode":
        stream.stream_dict.DecodeParms = Dictionary(K=-1, Columns=scan.width, Rows=scan.height)
    return stream


def _text(words: Sequence[Word], points: float, high: float) -> Iterator[bytes]:
    """Yield what sets each word where it is: as wide as its box, and unseen (mode 3)."""
    if not words:
        return
    yield b"BT 3 Tr"
    for word in words:
        left, top, right, bottom = word.box
        size = max(1.0, (bottom - top) * points)
        natural = len(word.text) * size * _WIDE / 1000
        stretch = max(1.0, (right - left) * points / natural * 100)
        yield (
            f"/F {size:.2f} Tf {stretch:.1f} Tz 1 0 0 1 {left * points:.2f} "
            f"{high - bottom * points:.2f} Tm <{_codes(word.text + ' ').hex()}> Tj"
        ).encode()
    yield b"ET"


def _codes(text: str) -> bytes:
    """Return a text's letters as numbers of two bytes; those beyond, and no letters, as unknown."""
    known = (letter if ord(letter) >> 8 in _KNOWN and letter != "\0" else "?" for letter in text)
    return "".join(known).encode("utf-16-be")


def _font(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """Return the font: a letter's number is that of Unicode, and each is the same empty glyph."""
    name = Name("/AAAAAA+Unseen")
    file = pdf.make_stream((files(__package__) / "unseen.ttf").read_bytes())
    shape = Dictionary(
        Type=Name.FontDescriptor,
        FontName=name,
        FontFile2=file,
        Flags=4,
        FontBBox=Array([0, 0, 500, 1000]),
        ItalicAngle=0,
        Ascent=1000,
        Descent=0,
        CapHeight=1000,
        StemV=80,
    )
    letters = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=name,
        CIDSystemInfo=Dictionary(
            Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
        ),
        FontDescriptor=pdf.make_indirect(shape),
        DW=_WIDE,
        CIDToGIDMap=pdf.make_stream(b"\0\1" * 65_536),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=name,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(letters)]),
            ToUnicode=pdf.make_stream(_to_unicode()),
        )
    )


def _to_unicode() -> bytes:
    """Return the CMap that says that numbers are those of Unicode (PDF 1.7, 9.10.3)."""
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
    ]
    # A range may not go beyond a byte; 0000 means no letter (ISO 19005-2, 6.2.11.7.2).
    starts = [(f"{high:02X}{'00' if high else '01'}", f"{high:02X}FF") for high in _BLOCKS]
    rows = [f"<{first}> <{last}> <{first}>" for first, last in starts]
    for start in range(0, len(rows), 100):
        some = rows[start : start + 100]
        lines += [f"{len(some)} beginbfrange", *some, "endbfrange"]
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
    return "\n".join(lines).encode("ascii")


def _declare(pdf: pikepdf.Pdf) -> None:
    """Say that it is PDF/A-2b, what its colours mean, and what it is called."""
    metadata = pdf.make_stream(_XMP.format(title=_TITLE).encode())
    metadata.stream_dict.update(Dictionary(Type=Name.Metadata, Subtype=Name.XML))
    profile = pdf.make_stream(_srgb())
    profile.stream_dict.N = 3
    pdf.Root.Metadata = metadata
    pdf.Root.Lang = String("de-DE")
    pdf.Root.OutputIntents = Array(
        [
            Dictionary(
                Type=Name.OutputIntent,
                S=Name.GTS_PDFA1,
                OutputConditionIdentifier=String("sRGB"),
                Info=String("sRGB IEC61966-2.1"),
                DestOutputProfile=profile,
            )
        ]
    )
    pdf.docinfo.Title = String(_TITLE)


def _srgb() -> bytes:
    """Return the profile of sRGB, without the moment at which it is made."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[24:36] = bytes((7, 234, 0, 1, 0, 1)) + bytes(6)  # 1 January 2026, ICC.1 section 7.2.8
    return bytes(made)
