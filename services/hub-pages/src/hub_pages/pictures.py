"""Shows pictures where they stand in the text of a mail, which notes them «[image 2: plan.png]».

The number is the picture's place among the attachments, from 1; without one it is missing.
Nothing but attachments is ever shown, by their own route and its headers.
"""

import re
from collections.abc import Callable

from markupsafe import Markup, escape

from hub_pages.said import mark

_NOTE = re.compile(r"\[image(?: (\d{1,4}))?: ([^\[\]\n]{1,500})\]")
_SHOWN = Markup(
    '<a href="{0}" target="_blank" rel="noopener"><img class="hub-picture" src="{0}" alt="{1}"'
    ' loading="lazy"></a>'
)
_MISSING = mark("[Bild fehlt: %(name)s]")


def pictured(text: str, route: str, files: int, say: Callable[[str], str]) -> Markup:
    """Return the text with its pictures; `route` is that of one file, with `%d` for its number."""
    pieces = _NOTE.split(text)
    shown = [escape(pieces[0])]
    for number, name, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        if number and 1 <= int(number) <= files:
            shown.append(_SHOWN.format(route % (int(number) - 1), name))
        else:
            shown.append(escape(say(_MISSING) % {"name": name}))
        shown.append(escape(after))
    return Markup("").join(shown)
