"""Batches part at separator sheets; what is cut is the same to the last pixel."""

from io import BytesIO

import pikepdf
import pytest
from files_by_hand import LETTER, LOOPING_PDF, picture, tiff_of
from PIL import Image

from hub_contract.page_codes import SEPARATOR
from hub_contract.problems import Problem
from hub_reading import pages
from hub_reading.split import Cut, Part, cut, plan
from hub_reading.testing import letter_pdf, tiff
from hub_reading.values import Code, PageReading, Sheet


def batch(spelled: str) -> list[PageReading]:
    """Each letter a page: p a page, b a blank one, s a separator, T one with a PATCHT."""
    codes = {"s": (Code("DataMatrix", f"{SEPARATOR}/bau"),), "T": (Code("Code39", "PATCHT"),)}
    return [
        PageReading(number, codes=codes.get(kind, ()), blank=kind == "b")
        for number, kind in enumerate(spelled, 1)
    ]


@pytest.mark.parametrize(
    ("spelled", "parts"),
    [
        ("", []),
        ("ppp", [((1, 2, 3), (), "", None)]),
        ("pTp", [((1,), (), "", None), ((3,), (), "", 2)]),
        ("TbpbTbpp", [((3,), (2, 4), "", 1), ((7, 8), (6,), "", 5)]),
        ("spTsp", [((2,), (), "bau", 1), ((5,), (), "bau", 4)]),
        ("pTT", [((1,), (), "", None)]),
        ("bb", [((1, 2), (), "", None)]),
        ("TbT", [((2,), (), "", None)]),
        ("TT", []),
    ],
)
def test_a_batch_parts_at_its_separators(spelled: str, parts: list[tuple[object, ...]]) -> None:
    assert plan(batch(spelled)) == tuple(Part(*part) for part in parts)


@pytest.mark.parametrize(
    ("said", "label"),
    [
        (SEPARATOR, ""),
        ("f:trennblatt/sozialamt", "sozialamt"),
        ("PATCHT", ""),
        ("*PATCHT*", ""),
        ("FADEN384291770608", None),
        ("PATCHTX", None),
    ],
)
def test_what_is_a_separator(said: str, label: str | None) -> None:
    (part, *_) = plan([PageReading(1, codes=(Code("QRCode", said),)), PageReading(2)])
    assert part == (Part((1, 2)) if label is None else Part((2,), (), label, 1))


def noise(seed: int, mode: str) -> Image.Image:
    page = Image.effect_noise((200 + seed, 300), 90)
    return page.convert(mode)


@pytest.mark.parametrize(
    ("compression", "mode"),
    [("group4", "1"), ("group3", "1"), ("tiff_lzw", "L"), ("jpeg", "RGB"), ("raw", "L")],
)
def test_pages_of_a_tiff_are_copied_without_packing_them_anew(compression: str, mode: str) -> None:
    whole = tiff([noise(seed, mode) for seed in range(5)], (204.0, 98.0), compression)
    made = cut(whole, (2, 4))
    assert isinstance(made, Cut)
    assert made.media_type == "image/tiff"
    assert len(made.file) < len(whole) / 2
    for number, of_whole in ((1, 2), (2, 4)):
        ours, theirs = pages.open_page(made.file, number), pages.open_page(whole, of_whole)
        assert isinstance(ours, Sheet)
        assert isinstance(theirs, Sheet)
        assert ours.image.tobytes() == theirs.image.tobytes()
        assert ours.dpi == theirs.dpi
    assert pages.outline(made.file).problems == ()


def test_pages_of_a_big_tiff_too() -> None:
    out = BytesIO()
    first, *others = [noise(seed, "L") for seed in range(3)]
    first.save(out, "TIFF", save_all=True, append_images=others, big_tiff=True)
    made = cut(out.getvalue(), (3,))
    assert isinstance(made, Cut)
    with Image.open(BytesIO(made.file)) as image:
        assert image.tobytes() == others[1].tobytes()


def test_pages_of_a_pdf_keep_their_content() -> None:
    whole = letter_pdf(LETTER, LETTER, LETTER)
    made = cut(whole, (1, 3))
    assert isinstance(made, Cut)
    with pikepdf.open(BytesIO(made.file)) as part, pikepdf.open(BytesIO(whole)) as before:
        assert [page.Contents.read_bytes() for page in part.pages] == [
            before.pages[index].Contents.read_bytes() for index in (0, 2)
        ]


def test_all_pages_are_the_file_itself() -> None:
    for raw in (letter_pdf(LETTER), picture("PNG"), tiff_of(1)):
        made = cut(raw, (1,))
        assert isinstance(made, Cut)
        assert made.file is raw


def overlapping() -> bytes:
    """A TIFF whose pages all have the same large strip."""
    raw = bytearray(tiff([noise(0, "L")], compression="raw"))
    at = pages.from_tiff.directories(bytes(raw)).at[0]
    entries = int.from_bytes(raw[at : at + 2], "little")
    directory = raw[at : at + 2 + 12 * entries]
    for _ in range(50):
        end = at + 2 + 12 * entries
        raw[end : end + 4] = len(raw).to_bytes(4, "little")
        at = len(raw)
        raw += directory + bytes(4)
    return bytes(raw)


@pytest.mark.parametrize(
    ("raw", "numbers"),
    [
        (b"", (1,)),
        (b"hello", (1,)),
        (picture("PNG"), (2,)),
        (letter_pdf(LETTER), ()),
        (letter_pdf(LETTER), (0,)),
        (LOOPING_PDF, (1,)),
        (overlapping(), tuple(range(1, 50))),
        (b"%PDF-1.4", (1,)),
    ],
    ids=["empty", "text", "one-page", "none", "zeroth", "loop", "overlapping", "no-pdf"],
)
def test_what_cannot_be_cut_is_a_problem(raw: bytes, numbers: tuple[int, ...]) -> None:
    assert isinstance(cut(raw, numbers), Problem)
