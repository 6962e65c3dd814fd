"""What `gather` finds in a mail: stretches of words, files, and what was odd or protected."""

import html as entities
from dataclasses import dataclass, field

from channel_email.parse import html as pages
from channel_email.parse.attachments import File
from channel_email.parse.calendar import Appointment
from channel_email.parse.limits import TEXT
from hub_contract.problems import Problem
from hub_contract.words import Evidence


@dataclass(frozen=True, slots=True)
class Words:
    """A stretch of the body: plain text, HTML, or both forms of the same."""

    plain: str = ""
    html: str = ""


@dataclass(slots=True)
class Gathered:
    """Grows while the tree is walked, then only read."""

    files: list[File] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    boxed: list[Words] = field(default_factory=list)  # from winmail.dat
    appointments: list[Appointment] = field(default_factory=list)
    room: int = TEXT  # characters of text that may still be read
    opening: int = 0  # bytes that may still be unpacked from boxes
    parts: int = 0  # read so far, in boxes too

    def html(self) -> str:
        """Return the HTML of the mail, safe to show; plain stretches between are kept."""
        if not any(words.html for words in self.words):
            return ""
        return pages.make_safe(
            "\n".join(w.html or f"<pre>{entities.escape(w.plain)}</pre>" for w in self.words)
        )

    def plain(self) -> str:
        """Return the text of the mail; HTML stretches between are turned into text."""
        texts = [
            w.plain if w.plain.strip() else pages.page_text(pages.read_page(w.html), w.html)
            for w in self.words
        ]
        return "\n\n".join(text.strip("\n") for text in texts if text.strip())
