"""Mark in a page what its program declares to be quotation or signature, for `split_reply`.

Mail programs put other people's words into elements of their own; a table names them. The marks
are private-use characters, so that the page is laid out as text once, as a whole.
"""

import re
from itertools import islice

from lxml import html as lxml_html

from channel_email.parse.html import page_text, read_page
from channel_email.parse.labels import is_moment
from channel_email.parse.pictures import note_pictures
from channel_email.parse.reply import END, QUOTE, SIGNATURE, SOFT_QUOTE, TO_THE_END, unmark

_BY_ID = {
    "divrplyfwdmsg": TO_THE_END,  # Outlook on the web and its mobile apps
    "appendonsend": TO_THE_END,
    "x_divrplyfwdmsg": TO_THE_END,
    "mail-editor-reference-message-container": TO_THE_END,  # new Outlook for Windows
    "stopspelling": TO_THE_END,  # Hotmail
    "zwchr": TO_THE_END,  # Zimbra
    "olk_src_body_section": TO_THE_END,  # Outlook for Mac
    "reply-intro": QUOTE,
    "replyintro": QUOTE,
    "signature": SIGNATURE,
    "ms-outlook-mobile-signature": SIGNATURE,
}
_BY_CLASS = {
    "gmail_attr": QUOTE,
    "moz-cite-prefix": QUOTE,
    "yahoo_quoted": QUOTE,
    "protonmail_quote": QUOTE,
    "tutanota_quote": QUOTE,
    "zmail_extra": QUOTE,
    "ms-outlook-mobile-reference-message": TO_THE_END,
    "gmail_signature": SIGNATURE,
    "moz-signature": SIGNATURE,
}
# Outlook for Windows draws a line above the block of labels, in one of these colours. In forms the
# same lines part the rows, so labels have to be there, in whatever language, and a time.
_OUTLOOK_LINE = re.compile(
    r"border-top:\s*solid\s*#(?:e1e1e1|b5c4df)|border-top-color:\s*rgb\(229,\s*229,\s*229\)",
    re.IGNORECASE,
)
_LABELS = re.compile(r"(?:[^:：]{1,200}[:：]){3}")
_BLOCK = 2_000  # characters in which they are looked for
_RULE = "_" * 20


def marked_text(markup: str) -> str:
    """Return the text of a page, with marks around what is declared to be no own words."""
    markup = unmark(markup)
    page = read_page(markup)
    if page is not None:
        note_pictures(page)
        for element in list(page.iter("div", "span", "blockquote", "hr", "p", "pre", "table")):
            if mark := _mark_of(element):
                _put(element, mark)
            if element.tag == "hr":  # layout forgets it, but it separates
                element.tag, element.text = "div", _RULE
    return page_text(page, markup)


def _mark_of(element: lxml_html.HtmlElement) -> str:
    classes = element.get("class", "").split()
    named = _BY_ID.get(element.get("id", "").lower()) or next(
        (_BY_CLASS[name] for name in classes if name in _BY_CLASS), ""
    )
    if named:
        return named
    if element.tag == "blockquote":
        declared = element.get("type") == "cite" or "gmail_quote" in classes
        return QUOTE if declared else SOFT_QUOTE
    if element.get("name") == "quote":  # GMX and WEB.DE
        return QUOTE
    if element.get("data-signatureblock") == "true":
        return SIGNATURE
    return TO_THE_END if _is_outlook_block(element) else ""


def _is_outlook_block(element: lxml_html.HtmlElement) -> bool:
    if not _OUTLOOK_LINE.search(element.get("style", "")):
        return False
    text = "".join(islice(element.itertext(), 100))[:_BLOCK]
    return _LABELS.match(text) is not None and is_moment(text)


def _put(element: lxml_html.HtmlElement, mark: str) -> None:
    """Write the mark where the element begins, and its end where it ends."""
    if element.tag == "hr":
        element.tail = f"{mark}{element.tail or ''}"
        return
    element.text = f"{mark}{element.text or ''}"
    if mark == TO_THE_END:
        return
    if len(element):
        element[-1].tail = f"{element[-1].tail or ''}{END}"
    else:
        element.text += END
