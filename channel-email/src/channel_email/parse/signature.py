"""Find where a signature begins in somebody's own words.

Rule 1. `-- ` on a line of its own begins one (RFC 3676 §4.3); `--`, `__`, a long dash and a drawn
        rule do so where only a few short lines follow.
Rule 2. A line that a device or an app adds ("Von meinem iPhone gesendet") begins one.
Rule 3. "Mit freundlichen Grüßen" and the name below it are how a person ends a letter: they stay.
        Only with a block of further short lines below (role, street, phone) does the closing begin
        a signature.
Rule 4. A postscript is never part of a signature.
"""

import re

_EXACT = re.compile(r"-- ?\Z")
_MARK = re.compile(r"(?:--|__|—|–)\s*\Z")
_RULE = re.compile(r"(?:_{3,}|[—–―─]{2,}|-{3,}|\*{3,}|={3,}|~{3,})\s*\Z")
_DEVICE = re.compile(
    r"(?:"
    r"(?:von|vom|aus|mit) (?:mein\w* |der |unterwegs|mobil)?.{0,50}\b"
    r"(?:gesendet|gesandt|verschickt|geschickt)\.?"
    r"|(?:gesendet|gesandt|verschickt|geschickt|versandt) (?:von|vom|mit|aus|über|per|via)\b.{1,70}"
    r"|diese (?:nachricht|e-?mail|mail) wurde (?:von|mit|über|per|vom|auf viren)\b.{1,120}"
    r"|(?:holen|laden) sie sich? ?.{0,10}outlook für .{1,30}|outlook für (?:ios|android) .{0,20}"
    r"|sent (?:from|via|with|using|by) .{1,60}|get outlook for .{1,30}|get bluemail for .{1,30}"
    r"|this e-?mail (?:has been checked for viruses|was sent (?:from|with)).{0,60}"
    r"|envoyé (?:de|depuis|à partir|avec|via)\b.{1,50}|télécharge[rz] outlook pour .{1,30}"
    r"|inviat[oa] (?:da|dal|con|tramite)\b.{1,50}|enviado (?:desde|do|de|a partir)\b.{1,50}"
    r"|obt(?:ener|enha) (?:o )?outlook .{1,30}|verzonden (?:vanaf|met|vanuit|via)\b.{1,50}"
    r"|verstuurd (?:vanaf|met|vanuit|via)\b.{1,50}|wysłan[eoy] (?:z|ze)\b.{1,50}"
    r"|sendt (?:fra|med)\b.{1,50}|skickat från .{1,50}|lähetetty .{1,50}"
    r"|отправлено (?:с|из) .{1,50}"
    r")(?:<\s*https?://[^>\s]*>|\(https?://[^)]*\))?\s*\Z",
    re.IGNORECASE,
)
_DEVICE_BEGINS = "adeghilmostvwо"  # the last one is Cyrillic
_SENTENCE_END = re.compile(r"(?:[!?]|[a-zäöüß)]{2}[.:])\s*+\Z")
_CLOSING = re.compile(
    r"(?:mit (?:freundlich|best|herzlich|vorzüglich|lieb|schön|sonnig|kollegial|verbindlich)\w* "
    r"(?:grü(?:ß|ss)\w*|gru(?:ß|ss)|empfehlung\w*)"
    r"|(?:viele|liebe|beste|freundliche|herzliche|schöne|sonnige|ganz liebe|die besten) "
    r"(?:grü(?:ß|ss)e|gru(?:ß|ss)|dank)|freundlichst|hochachtungsvoll|mit vorzüglicher hochachtung"
    r"|grü(?:ß|ss)e|gru(?:ß|ss)|mfg|lg|vg|bg|hg|mit (?:dank|bestem dank)|vielen dank|besten dank"
    r"|danke(?:schön)?(?: im voraus)?|(?:ihr|ihre|dein|deine)"
    r"|(?:best|kind|warm|many|with (?:best|kind)|my best)? ?(?:regards|wishes)|sincerely(?: yours)?"
    r"|yours(?: (?:faithfully|sincerely|truly))?|cheers|thanks(?: (?:again|in advance|a lot))?"
    r"|thank you|best|cordialement|bien à vous|saludos|un saludo|atentamente|cordiali saluti"
    r"|distinti saluti|saluti|met vriendelijke groet(?:en)?|groet(?:en|jes)?|atenciosamente|abraços"
    r"|pozdrawiam|z poważaniem|med venlig hilsen|mvh|hilsen|hälsningar|med vänlig hälsning"
    r"|ystävällisin terveisin|с уважением)"
    r"(?: (?:aus|und|von|from) [\w ,]{1,40})?[\s,.!;:-]*+"
    r"[\U0001F300-\U0001FAFF\u2600-\u27BF]*+\s*+\Z",
    re.IGNORECASE,
)
_POSTSCRIPT = re.compile(r"(?:P\.?\s?P?\.?\s?S\b\.?\s?:?|NB:|Nachtrag)", re.IGNORECASE)
_FEW = 12  # non-blank lines of a block
_LONGEST_DEVICE, _LONGEST_CLOSING = 140, 60
_SHORT = 75  # characters of a line in it


def find_signature(lines: list[str]) -> tuple[int, int]:
    """Return where the signature in these own words begins and ends; begin is len where none is."""
    for at, line in enumerate(lines):
        stripped = line.strip()
        if stripped and _begins(lines, at, line, stripped):
            end = _end(lines, at)
            if end > at:
                return at, end
    return len(lines), len(lines)


def _begins(lines: list[str], at: int, line: str, stripped: str) -> bool:
    first = stripped[0]
    if first in "-_—–―─*=~":
        if _EXACT.match(line) and line.endswith(" "):
            return True
        if _MARK.match(stripped):
            return _is_block(lines, at + 1)
        return _RULE.match(stripped) is not None and _is_block(lines, at + 1, least=2)
    if len(stripped) <= _LONGEST_DEVICE and is_device_line(stripped):
        return True
    return (
        len(stripped) <= _LONGEST_CLOSING
        and _CLOSING.match(stripped) is not None
        and _is_block(lines, at + 1, least=2, to_mark=True)
    )


def is_device_line(stripped: str) -> bool:
    """Say whether a device or an app wrote this line."""
    # Looking at one character before the pattern halves the work.
    if stripped[0].lower() not in _DEVICE_BEGINS or not _DEVICE.match(stripped):
        return False
    bare = stripped.partition("<http")[0].partition("(http")[0]
    # "Sent from my desk, is much easier" is a sentence; an app's advertisement has a full stop.
    return "," not in bare and not (bare.rstrip().endswith(".") and bare[:4].lower() == "sent")


def _is_block(lines: list[str], start: int, *, least: int = 1, to_mark: bool = False) -> bool:
    """Say whether only a few short lines follow, none of which reads like a sentence.

    `to_mark`: up to a next mark, which begins a signature of its own.
    """
    count = 0
    for number in range(start, len(lines)):
        line = lines[number].strip()
        if not line:
            continue
        if is_device_line(line) and not to_mark:
            return True
        if _POSTSCRIPT.match(line) or (to_mark and _begins_anew(line)):
            break
        count += 1
        if count > _FEW or len(line) > _SHORT or _reads(line):
            return False
    return count >= least


def _begins_anew(line: str) -> bool:
    return bool(_MARK.match(line) or _RULE.match(line) or is_device_line(line))


def _reads(line: str) -> bool:
    """Say whether a line reads like a sentence rather than like a name or a number."""
    words = len(line.split())
    return (
        line.endswith("?") or words > 11 or (words >= 5 and _SENTENCE_END.search(line) is not None)
    )


def _end(lines: list[str], at: int) -> int:
    for number in range(at + 1, len(lines)):
        if _POSTSCRIPT.match(lines[number].strip()):
            return number
    return len(lines)
