"""Puts the authority's signature below an agent's words: once, in the citizen's language."""

from collections.abc import Mapping
from html import escape

_MARK = "-- "  # RFC 3676 §4.3, with its blank
_OWN = 10  # last lines, in which an agent's own signature begins


def signature_of(signatures: Mapping[str, str], language: str) -> str:
    """Return the signature for a BCP 47 tag; where there is none in this language, the German."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    return signatures.get(primary) or signatures.get("de", "")


def sign_text(text: str, signature: str) -> str:
    """Return the text with the signature; one that ends with it already stays as it is.

    Below a signature of the agent's own it stands without a second mark.
    """
    lines, below = text.rstrip().splitlines(), signature.splitlines()
    if not below or _bare(lines[-len(below) :]) == _bare(below):
        return text
    mark = "" if any(_is_mark(line) for line in lines[-_OWN:]) else f"\n{_MARK}\n"
    return f"{text.rstrip()}\n{mark}{signature}"


def sign_html(html: str, signature: str) -> str:
    """Return HTML with the same signature at its end."""
    below = "<br>".join(escape(line, quote=False) for line in signature.splitlines())
    if not html or not below or below in html:
        return html
    body, end, rest = html.rpartition("</body>")
    part = f"<p>{_MARK}<br>{below}</p>"
    return f"{body}{part}{end}{rest}" if end else html + part


def _is_mark(line: str) -> bool:
    return line.rstrip() == _MARK.rstrip()


def _bare(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines]
