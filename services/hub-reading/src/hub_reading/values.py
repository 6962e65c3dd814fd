"""What was found on pages: frozen values, with the problems that were met."""

from dataclasses import dataclass, field

from PIL import Image

from hub_contract.problems import Problem


@dataclass(frozen=True, slots=True)
class Word:
    """`box` is left, top, right, bottom in pixels; `confidence` is 0 to 100."""

    text: str
    box: tuple[int, int, int, int]
    confidence: int
    line: int = 0  # words of one line have the same; a new paragraph leaves one number out


@dataclass(frozen=True, slots=True)
class Code:
    """What a code on a page says; `kind` as zxing calls its format: DataMatrix, QRCode, Code39."""

    kind: str
    text: str


@dataclass(frozen=True)
class Sheet:
    """The picture of one page as the file has it; mode 1, L or RGB, and nobody changes it."""

    number: int  # from 1
    image: Image.Image
    dpi: tuple[float, float]  # across, down
    problems: tuple[Problem, ...] = ()
    words: tuple[Word, ...] = ()  # of a PDF that has text itself, in pixels of `image`


@dataclass(frozen=True, slots=True)
class Scan:
    """A page's picture as it goes into the searchable copy, compressed already."""

    data: bytes
    filter: str  # CCITTFaxDecode or DCTDecode
    width: int
    height: int
    colours: int  # 1 grey or black and white, 3 colour
    dpi: float


@dataclass(frozen=True, slots=True)
class PageReading:
    """One page, read. `words` lie in pixels of `large`; a page that failed has a problem only."""

    number: int
    width: int = 0  # of `large`
    height: int = 0
    small: bytes = b""
    large: bytes = b""
    words: tuple[Word, ...] = ()
    codes: tuple[Code, ...] = ()
    fingerprint: str = ""
    blank: bool = False
    turned: int = 0
    has_text: bool = False  # the file itself has its words: nothing was recognised
    scan: Scan | None = None  # none where no searchable copy is to be made
    problems: tuple[Problem, ...] = ()

    @property
    def confidence(self) -> float | None:
        """Return the mean of its words from 0 to 1, or None where there is no word."""
        if not self.words:
            return None
        return round(sum(word.confidence for word in self.words) / len(self.words) / 100, 3)


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be said of a file at a glance; `kind` is "" where it has no pages we know."""

    kind: str = ""  # pdf, tiff, jpeg, png, heic
    pages: int | None = None
    signed: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole document, read."""

    pages_in_file: int | None = None
    pages: tuple[PageReading, ...] = ()
    text: str = ""
    references: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    searchable: bytes = b""  # PDF/A-2b; empty where none is needed, or none can be made
    problems: tuple[Problem, ...] = field(default=())

    @property
    def readable(self) -> bool:
        return any(page.large for page in self.pages)

    @property
    def confidence(self) -> float | None:
        """Return the mean of all words from 0 to 1, or None where there is no word."""
        all_words = [word.confidence for page in self.pages for word in page.words]
        return round(sum(all_words) / len(all_words) / 100, 3) if all_words else None
