"""Tell a plain form that only says «look at the HTML» from one that has the words of the mail."""

import re

from channel_email.parse.html import rough_text

_LONGEST = 600  # characters; a stub has a sentence or two, and an address perhaps
_LETTER = re.compile(r"[^\W_]")
_WORD = re.compile(r"[^\W_]{3,}")
_PICTURE = re.compile(r"\[(?:cid|image):[^\[\]]*\]")  # as mail programs note one in plain text
# What such sentences are about, in the languages that citizens' mail programs speak.
_ABOUT = re.compile(
    r"\bhtml\b|\bmulti-?part\b|\bmime\b|\bbrowser\b|plain[- ]?text|text[- ]?(?:version|teil|format)"
    r"|(?:web|online)-?(?:version|ansicht)|version en ligne|\bonline\b"
    r"|mail[- ]?(?:client|reader|programm?|software)\b"
    r"|(?:read|view|display|show)\w{0,3} th(?:is|e) (?:e-?mail|message|mail)"
    r"|\b(?:e-?mail|mail|nachricht)\b[^.\n]{0,60}(?:anzu)?(?:zeig|darst|dargest)",
    re.IGNORECASE,
)


def is_stub(plain: str, markup: str) -> bool:
    """Say whether the plain form yields to the page: it is blank, or only speaks about the page.

    A citizen may write about HTML too; then the page has most of the same words.
    """
    if len(plain) > _LONGEST:
        return False
    bare = _PICTURE.sub("", plain)
    if _LETTER.search(bare) and not _ABOUT.search(bare):
        return False
    said, page = _words(bare), _words(rough_text(markup))
    return len(said & page) * 2 < len(said) if said else bool(page)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
