"""How much of a document is read at most: one frozen value, which every step is given."""

from dataclasses import dataclass

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What lies beyond a limit is kept in the original, marked with a problem, and not read."""

    raw_bytes: int = 100 * _MB  # of the whole file
    pages: int = 500
    pixels: int = 40_000_000  # of one page: A3 at 400 dpi has 31 million
    dpi: int = 300  # pages of a PDF are drawn as finely as this
    seconds: float = 60.0  # for the words of one page; for all that is done with it, three times
    memory: int = 700 * _MB  # for one page, in address space beyond what a process has loaded
    characters: int = 50_000  # of one page's text
    codes: int = 50  # of one page

    @property
    def seconds_of_a_page(self) -> float:
        """Return how long a page may take: it is read twice where it was the wrong way up."""
        return 3 * self.seconds


DEFAULT = Limits()
