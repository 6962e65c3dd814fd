"""Tell a mail that a form of a web site has filled in, by its words, for `shared`.

Many forms send under an address that nothing gives away, without a Reply-To. Their mails say so
in a line of their own, or list what somebody typed: at least three labels, one with the mail
address of somebody else.
"""

import re
from itertools import islice

from hub_contract.contact_points import compared
from hub_contract.words import Body, ContactPoint

_MOST_LINES = 80
_LONGEST = 300  # characters of a line that are looked at
_LABEL = re.compile(r"[\W_]{0,4}+[^\W\d_][\w ./()-]{1,40}+[*_]{0,2}+[:=]")
_ADDRESS = re.compile(
    r"[\W_]{0,4}+(?:(?:ihre|deine|your|votre) )?(?:e-?mail|mail|absender|von|from|courriel|correo"
    r"|e-?posta|sender)(?:[- ]?ad(?:resse?|dress|resi))?[ *_]{0,4}[:=][^@\n]{0,80}?"
    r"(?<![\w.+-])([\w.+-]{1,64}+@[\w.-]{1,250}+)",
    re.IGNORECASE,
)
# "Diese E-Mail wurde von einem Kontaktformular gesendet". People begin otherwise: "Ich habe ...".
_SAYS = re.compile(
    r"(?:diese[sr]?|this|folgende[rs]?|the following|sie haben|you have|es (?:wurde|ist|liegt)"
    r"|jemand|somebody|someone|(?:eine? )?neuer?s?|(?:a )?new|ce message|dit bericht|bu mesaj)\b"
    r"(?=.{0,160}?(?:form(?:ular|ulaire|ulier|u)?\b|\w{0,20}formular|web-?se?ite|homepage))"
    r".{0,200}?\b(?:erhalten|eingegangen|gesendet|gesandt|versandt|verschickt|übermittelt"
    r"|ausgefüllt|generiert|erzeugt|sent|submitted|received|filled|envoyé|reçu|verzonden|gönderil\w*"
    r"|vor)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b(?:ich|mir|mich|wir|uns|i|my|we|me|je|ik)\b", re.IGNORECASE)


def is_filled_in(body: Body, sender: ContactPoint) -> bool:
    """Say whether a form has written this, and not the person behind the sender's address."""
    lines = [line[:_LONGEST] for line in islice(body.text.split("\n"), _MOST_LINES) if line.strip()]
    ends = (*lines[:3], *lines[-3:], *body.signature[:_LONGEST].split("\n"))
    return any(map(_says_form, ends)) or _lists_somebody(lines, compared(sender))


def _says_form(line: str) -> bool:
    return _SAYS.match(line.strip()) is not None and not _PERSON.search(line)


def _lists_somebody(lines: list[str], sender: str) -> bool:
    found = (_ADDRESS.match(line) for line in lines if "@" in line)
    if all(match is None or match[1].lower().rstrip(".") == sender for match in found):
        return False
    return sum(1 for line in lines if _LABEL.match(line)) >= 3
