"""Files that no honest program writes."""

import struct
import zlib
from io import BytesIO

import pikepdf
from PIL import Image

from hub_reading.testing import letter_pdf
from hub_reading.testing.letters import Letter

LETTER = Letter("384-291-770-608", paragraphs=0)


def picture(kind: str = "PNG", size: tuple[int, int] = (400, 300), **more: object) -> bytes:
    out = BytesIO()
    Image.new("L", size, 255).save(out, kind, **more)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    chunks = (b"IHDR" + head, b"IDAT" + pixels, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks
    )


def tiff_of(pages: int, *, loop: bool = False) -> bytes:
    """Directories with one entry (width 1) each, chained; `loop`: the last points to the first."""
    raw = bytearray(b"II*\0" + struct.pack("<I", 8))
    for number in range(pages):
        end = len(raw) + 18
        last = number == pages - 1
        following = (8 if loop else 0) if last else end
        raw += struct.pack("<HHHII", 1, 256, 3, 1, 1) + struct.pack("<I", following)
    return bytes(raw)


def pdf_of(pages: int) -> bytes:
    """Empty pages, A4, in one flat tree."""
    kids = " ".join(f"{number} 0 R" for number in range(3, pages + 3))
    parts = [
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj",
        f"2 0 obj<</Type/Pages/Count {pages}/Kids[{kids}]/MediaBox[0 0 595 842]>>endobj",
        *(f"{n} 0 obj<</Type/Page/Parent 2 0 R>>endobj" for n in range(3, pages + 3)),
        "trailer<</Root 1 0 R>>",
    ]
    return "\n".join(parts).encode()


LOOPING_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Count 9/Kids[2 0 R 2 0 R 3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Pages/Parent 2 0 R/Count 9/Kids[2 0 R]>>endobj\n"
    b"trailer<</Root 1 0 R>>"
)


def encrypted_pdf() -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(letter_pdf(LETTER))) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user="secret", owner="owner"))
    return out.getvalue()


def signed_pdf() -> bytes:
    """A page without text, and a field for a signature that is filled in."""
    out = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        signature = pikepdf.Dictionary(
            Type=pikepdf.Name.Sig,
            Filter=pikepdf.Name("/Adobe.PPKLite"),
            Contents=pikepdf.String(b"\0" * 16),
            ByteRange=pikepdf.Array([0, 1, 2, 3]),
        )
        field = pdf.make_indirect(
            pikepdf.Dictionary(FT=pikepdf.Name.Sig, T=pikepdf.String("s"), V=signature)
        )
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]), SigFlags=3)
        pdf.save(out)
    return out.getvalue()
