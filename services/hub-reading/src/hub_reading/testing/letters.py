"""A letter of an authority or to it: DIN A4, some paragraphs, a reference, codes."""

import random
from dataclasses import dataclass
from io import BytesIO

import pikepdf
import pypdfium2
import zxingcpp
from pikepdf import Array, Dictionary, Name
from PIL import Image

_A4 = (595.28, 841.89)  # points
_MM = 72 / 25.4
_LINES = (
    "Sehr geehrte Damen und Herren,",
    "hiermit beantrage ich nach § 80 Abs. 5 die Ausstellung eines neuen Ausweises und",
    "lege Widerspruch gegen den Bescheid vom 12. März 2026 ein. Für Rückfragen stehe ich",
    "gern zur Verfügung; am besten erreichen Sie mich nach 17 Uhr unter meiner Nummer.",
    "Die Unterlagen über Größe und Lage des Grundstücks an der Straße füge ich bei.",
    "Bitte bestätigen Sie mir den Eingang schriftlich und teilen Sie mir mit, welche",
    "Nachweise noch fehlen, damit ich sie rechtzeitig vor Ablauf der Frist einreiche.",
    "Außerdem bitte ich um Auskunft, ob die Gebühr von 37,00 EUR noch zu zahlen ist.",
    "Mit freundlichen Grüßen",
)


@dataclass(frozen=True, slots=True)
class Letter:
    """`codes`: (zxing's name of the format, text, size or length in millimetres)."""

    reference: str = ""  # as it is printed
    codes: tuple[tuple[str, str, float], ...] = ()
    paragraphs: int = 2
    seed: int = 0  # which words
    points: float = 11.0  # of the type


def letter_pdf(*letters: Letter) -> bytes:
    """Return a PDF with text, a page for each letter."""
    with pikepdf.new() as pdf:
        for letter in letters:
            _add(pdf, letter)
        out = BytesIO()
        pdf.save(out, deterministic_id=True)
        return out.getvalue()


def draw(letter: Letter, dpi: int = 300) -> Image.Image:
    """Return the letter as clean grey paper."""
    document = pypdfium2.PdfDocument(letter_pdf(letter))
    try:
        drawn: Image.Image = document[0].render(scale=dpi / 72, grayscale=True).to_pil()
        return drawn.convert("L")
    finally:
        document.close()


def blank_page(dpi: int = 300) -> Image.Image:
    return Image.new("L", (round(210 / 25.4 * dpi), round(297 / 25.4 * dpi)), 255)


def _add(pdf: pikepdf.Pdf, letter: Letter) -> None:
    page = pdf.add_blank_page(page_size=_A4)
    font = Dictionary(
        Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding
    )
    images: dict[str, pikepdf.Object] = {}
    content = [_text(letter)]
    for index, (kind, said, millimetres) in enumerate(letter.codes):
        picture, place = _code(kind, said, millimetres, index)
        images[f"/C{index}"] = _image(pdf, picture)
        content.append(f"q {place} cm /C{index} Do Q".encode())
    page.obj.Resources = Dictionary(Font=Dictionary(F=font), XObject=Dictionary(images))
    page.obj.Contents = pdf.make_stream(b"\n".join(content))


def _text(letter: Letter) -> bytes:
    chance = random.Random(letter.seed)  # noqa: S311 - pages for tests
    lines = [_LINES[0], ""]
    if letter.reference:
        lines[:0] = [f"Vorgang {letter.reference}", ""]
    for _ in range(letter.paragraphs):
        lines += [*chance.sample(_LINES[1:-1], 5), ""]
    lines.append(_LINES[-1])
    shown = [f"BT /F {letter.points} Tf {letter.points * 1.5} TL 70 620 Td".encode()]
    for line in lines:
        raw = line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(")
        shown.append(b"(" + raw.replace(b")", b"\\)") + b") Tj T*")
    return b"\n".join([*shown, b"ET"])


def _code(kind: str, said: str, millimetres: float, index: int) -> tuple[Image.Image, str]:
    """Return the code's picture, and its place as a matrix: to the right above the text."""
    form = getattr(zxingcpp.BarcodeFormat, kind)
    symbol = zxingcpp.create_barcode(said, form)
    picture = Image.fromarray(symbol.to_image(scale=4, add_quiet_zones=True))
    wide = millimetres * _MM
    high = wide * picture.height / picture.width
    if kind.startswith("Code"):
        high = 12 * _MM
    left, below = _A4[0] - wide - 50, _A4[1] - 60 - high - index * 70
    return picture, f"{wide:.2f} 0 0 {high:.2f} {left:.2f} {below:.2f}"


def _image(pdf: pikepdf.Pdf, picture: Image.Image) -> pikepdf.Object:
    grey = picture.convert("L")
    stream = pdf.make_stream(grey.tobytes())
    stream.stream_dict.update(
        Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=grey.width,
            Height=grey.height,
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=8,
            Interpolate=False,
            Decode=Array([0, 1]),
        )
    )
    return stream
