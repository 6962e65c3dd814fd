"""Tell a wish said in one word from a message: STOP, START, HILFE, STATUS.

Only the whole message counts: »Bitte stoppen Sie die Müllabfuhr« is one to read.
"""

import re

from hub_contract.words import Keyword

_WORDS = {
    # What Twilio acts upon by itself (support.twilio.com 223134027), and what people write here.
    Keyword.STOP: (
        "stop stopp stopall unsubscribe cancel end quit revoke optout abmelden abbestellen ende"
    ),
    Keyword.START: "start unstop anmelden",
    Keyword.HELP: "help info hilfe",
    Keyword.STATUS: "status",
}
_KEYWORDS = {word: keyword for keyword, words in _WORDS.items() for word in words.split()}
_OPT_OUT = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}
_LONGEST = 200  # characters of a message that may be one wish
# STATUS may name what is asked about.
_SAID = re.compile(r"[^\w]*+([^\W\d_]{1,20})[^\w]*+(?:[\d\s.-]{12,40})?", re.ASCII)


def read_keyword(text: str, opt_out: str = "") -> Keyword:
    """Return the wish. `opt_out` is what Twilio has understood by itself (OptOutType)."""
    if found := _OPT_OUT.get(opt_out.strip().upper()):
        return found
    keyword = _KEYWORDS.get(read_word(text), Keyword.NONE)
    has_digits = any(map(str.isdigit, text))
    return keyword if keyword is Keyword.STATUS or not has_digits else Keyword.NONE


def read_word(text: str) -> str:
    """Return the one word that this says, in small letters; empty where it says more."""
    said = _SAID.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    return said[1].lower() if said else ""
