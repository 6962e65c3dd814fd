"""Gather from the tree what a person sees: text, HTML and files, in order, nothing left out.

Every leaf ends up in exactly one place: shown as text, shown as HTML, or in the list of files.
Of alternatives (RFC 2046 §5.1.4) both the plain and the HTML form are kept.
"""

import html as entities
from dataclasses import dataclass, field

from channel_email.parse import html as pages
from channel_email.parse.attachments import File, file_name_of, read_file
from channel_email.parse.decode import clean, is_binary
from channel_email.parse.limits import PARTS, TEXT
from channel_email.parse.mime import Part
from channel_email.parse.text import charset_problem, read_text, text_content
from channel_email.parse.tnef import TNEF_TYPES, is_tnef, open_tnef
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import Evidence

_SHOWN = ("text/plain", "text/html")
_HTML_TOO_LARGE = Problem(code=ProblemCode.HTML_TOO_LARGE)
_ARMOUR = "-----BEGIN PGP "


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
    room: int = TEXT  # characters of text that may still be read

    def html(self) -> str:
        """Return the HTML of the mail, safe to show; plain stretches between are kept."""
        if not any(words.html for words in self.words):
            return ""
        return pages.make_safe(
            "\n".join(w.html or f"<pre>{entities.escape(w.plain)}</pre>" for w in self.words)
        )

    def only_html(self) -> str:
        """Return the one HTML stretch of a mail that has no plain text, or ""."""
        only = self.words[0] if len(self.words) == 1 else Words()
        return "" if only.plain.strip() else only.html

    def plain(self) -> str:
        """Return the text of the mail; HTML stretches between are turned into text."""
        texts = [
            w.plain if w.plain.strip() else pages.page_text(pages.read_page(w.html), w.html)
            for w in self.words
        ]
        return "\n\n".join(text.strip("\n") for text in texts if text.strip())


def gather(root: Part) -> Gathered:
    """Return everything in the tree that can be seen. Never raises."""
    gathered = Gathered()
    gathered.words = [w for w in _walk(root, gathered, alone=not root.parts) if w.plain or w.html]
    if not any(w.plain.strip() or w.html for w in gathered.words):
        # Outlook puts its text beside the box as well, mostly; only where it did not, it counts.
        gathered.words = gathered.boxed
    if not gathered.words:
        _promote_text(root, gathered)
    gathered.problems = list(dict.fromkeys(gathered.problems))
    return gathered


def _walk(part: Part, out: Gathered, *, alone: bool = False) -> list[Words]:
    out.problems += part.problems
    _note_protection(part, out)
    if part.parts:
        words = [w for child in part.parts for w in _walk(child, out)]
        return _alternatives(words) if part.media_type == "multipart/alternative" else words
    if part.media_type in _SHOWN and _is_shown(part, alone=alone):
        data = text_content(part)
        if not is_binary(data, part.params.get("charset", "")):
            return [_read_words(part, data, out)]
        out.problems.append(Problem(code=ProblemCode.TEXT_IS_BINARY))
    _keep_file(part, out)
    return []


def _is_shown(part: Part, *, alone: bool) -> bool:
    if part.disposition.value == "attachment":
        return False
    return alone or not file_name_of(part)


def _alternatives(words: list[Words]) -> list[Words]:
    """Join the forms of one text; without both forms they are not alternatives at all."""
    plain = [w.plain for w in words if w.plain.strip()]
    html = [w.html for w in words if w.html]
    return [Words("\n\n".join(plain), "\n".join(html))] if plain and html else words


def _read_words(part: Part, data: bytes, out: Gathered) -> Words:
    if part.media_type == "text/html":
        declared = part.params.get("charset", "")
        markup, sure, charset = pages.read_html(data, declared)
        if not sure:
            out.problems.append(charset_problem(charset))
        return _sane_words(clean(markup), part, out)
    if is_long := len(data) > out.room:
        # Cut between lines, where nothing else of it is known.
        end = data.rfind(b"\n", 0, out.room) + 1 or out.room
        out.files.append(read_file(part))
        out.problems.append(Problem(code=ProblemCode.TEXT_TOO_LONG, about=f"{TEXT}"))
        data = data[:end]
    text, files, problem = read_text(part, data)
    out.room = 0 if is_long else out.room - len(text)
    out.files += files
    out.problems += [problem] if problem else []
    if _ARMOUR in text:
        kind = "encrypted" if "BEGIN PGP MESSAGE" in text else "signature"
        out.evidence.append(Evidence(kind=kind, result="unchecked", by="pgp"))
    return Words(plain=text)


def _sane_words(markup: str, part: Part, out: Gathered) -> Words:
    problem = pages.fault_of(markup) if len(markup) <= out.room else _HTML_TOO_LARGE
    if problem is None:
        out.room -= len(markup)
        return Words(html=markup)
    out.problems.append(problem)
    out.files.append(read_file(part))
    rough = pages.tidy(pages.rough_text(markup[: out.room]))
    out.room -= min(len(markup), out.room)
    return Words(plain=rough)


def _keep_file(part: Part, out: Gathered) -> None:
    if part.media_type.startswith("multipart/"):  # nested too deep: kept as it stands
        out.files.append(File("rest.eml", part.media_type, part.encoded()))
        return
    file = read_file(part)
    out.files.append(file)
    if file.media_type in TNEF_TYPES or is_tnef(file.content):
        opened = open_tnef(file.content)
        out.files += opened.files[: max(PARTS - len(out.files), 0)]
        out.problems += opened.problems
        if opened.text or opened.html:
            out.boxed.append(Words(opened.text, opened.html))


def _note_protection(part: Part, out: Gathered) -> None:
    """Mark signatures and encryption; checking them is not the business of a parser."""
    found = _PROTECTED.get(part.media_type)
    if found is None:
        return
    kind, by = found
    if part.media_type.endswith("pkcs7-mime") and "signed" in part.params.get("smime-type", ""):
        kind = "signature"
    mark = Evidence(kind=kind, result="unchecked", by=by)
    if mark not in out.evidence:
        out.evidence.append(mark)


_PROTECTED = {
    "application/pkcs7-mime": ("encrypted", "s/mime"),
    "application/x-pkcs7-mime": ("encrypted", "s/mime"),
    "application/pkcs7-signature": ("signature", "s/mime"),
    "application/x-pkcs7-signature": ("signature", "s/mime"),
    "application/pgp-signature": ("signature", "pgp"),
    "application/pgp-encrypted": ("encrypted", "pgp"),
}


def _promote_text(root: Part, out: Gathered) -> None:
    """Show the first text file of a mail that has nothing else to show; it stays a file too."""
    for part in root.walk():
        shown = part.media_type in _SHOWN and not part.parts and part.disposition.value == "inline"
        if shown and part.encoded().strip():
            out.words.append(_read_words(part, text_content(part), out))
            return
