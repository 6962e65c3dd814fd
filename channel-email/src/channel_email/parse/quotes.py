"""Find where the words of others begin in a mail, by the headers that programs put above them.

Four kinds, in the languages our citizens' programs speak, German and English first:
  attribution   Am 12.03.2026 um 10:11 schrieb Erika Muster <e@muster.de>:   (one to four lines)
  dated address 12.03.2026, 10:11, "Erika Muster" <e@muster.de>:             (no verb at all)
  block         Von: ...  Gesendet: ...  An: ...  Betreff: ...               (three labels)
  separator     -----Ursprüngliche Nachricht-----
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuoteHeader:
    """`lines` long; `to_the_end` where everything below it is quoted, marked or not."""

    lines: int
    to_the_end: bool


_VERBS = (
    "schrieb|schrieben|geschrieben|wrote|writes|a écrit|écrit|escribió|ha scritto|scrisse"
    r"|schreef|geschreven|escreveu|napisa[łl](?:\(a\)|a)?|skrev|kirjoitti|írta|написал\w*"
    r"|пишет|писал|napsal(?:\(a\)|a)?|yazdı|a scris"
)
# What dates begin with in these languages: "On ...", "Am ...", a weekday, a number.
_STARTS = (
    r"am|on|le|el|il|il giorno|in data|op|em|den|dnia|w dniu|på|dne|în"
    r"|\w{2,10}[.,]{0,2} (?:den )?\d+|\d+"
)
# Looked for in the first line alone, or "Hallo" above "12.03.2026 schrieb ..." would be a weekday.
_BEGINS = re.compile(rf"[\W_]{{0,12}}(?:(?:{_STARTS})\b|\w{{2,10}}[.,]{{1,2}}\s?\d)", re.IGNORECASE)
_ATTRIBUTION = re.compile(
    rf"[\W_]{{0,12}}(?:{_STARTS})\b(?=.{{0,400}}?\d).{{0,400}}?(?<!\w)(?:{_VERBS})(?!\w)"
    r"(?:.{0,200}?)(?:\s?:|\s?-{2,}|(?<=wrote))$",
    re.IGNORECASE,
)
_PROOF = re.compile(r"@|\d[:.h]\d\d\b|&lt;")
_NAMED = re.compile(
    r"[\W_]{0,3}(?=.{0,200}@).{2,160}\b(?:schrieb|wrote|writes|skrev|schreef|a écrit)\b"
    r"(?: (?:am|on|le|op|den) .{5,60})?\s?:$",
    re.IGNORECASE,
)
_YOU_WROTE = re.compile(
    r"(?:(?:am|on) .{0,60}\d.{0,30} )?(?:schrieben Sie|schriebst du|you wrote):$", re.IGNORECASE
)
# "Am 12.3. schrieb ich Ihnen:" is what a person says, not a program.
_ME = re.compile(r"\b(?:schrieb(?:en)? (?:ich|wir)\b|(?:I|we) wrote\b|j['’]ai écrit\b)")
_DATED_ADDRESS = re.compile(
    r"[\W_]{0,12}(?=.{0,200}(?:\d[:.h]\d\d|\b\d{4}\b))(?:\d{1,4}[.:/ -]|\w{2,10}[.,]{1,2}\s?\d)"
    r".{0,200}[<(\[][^<>()\[\]\s@]{1,200}+@[^<>()\[\]\s@]{1,200}+[>)\]]{1,2}\s?:$"
)

_LABELS = {
    "from": "von|from|de|da|van|od|fra|från|lähettäjä|от|feladó|expéditeur|remitente|mittente"
    "|absender|kimden",
    "date": "gesendet|gesendet am|datum|date|sent|envoyé|envoyé le|enviado|enviado el|enviada em"
    "|enviado em|data|inviato|verzonden|wysłano|wysłane|sendt|dato|skickat|lähetetty|отправлено"
    "|дата|fecha|message du|päiväys|skickades|odesláno|date d'envoi",
    "to": "an|to|à|a|para|aan|do|til|till|vastaanottaja|кому|komu|pour|destinatario|dla|empfänger",
    "cc": "cc|kopie|copie|copie à|copia|kopia|kopi|kopio|копия|dw|bcc",
    "subject": "betreff|subject|objet|sujet|asunto|assunto|oggetto|onderwerp|temat|emne|ämne|aihe"
    "|тема|předmět|re|betr",
    "reply": "antwort an|reply-to|antwoord aan|répondre à|organisation|organization|wichtigkeit"
    "|importance|priorität",
}
_KINDS = {word: kind for kind, words in _LABELS.items() for word in words.split("|")}
_LABEL = re.compile(
    r"[\s>*_|•\u200e]{0,8}([^\W\d][^\W\d]*(?:[ '’-][^\W\d]+){0,2})[*_\u00a0 ]{0,3}:"
)
_MOST_BLOCK_LINES = 14

_TITLES = (
    r"urspr(?:ü|ue|u)ngliche (?:nachricht|mail|e-?mail)|original-?\s?nachricht|original-?\s?mail"
    r"|weitergeleitete (?:nachricht|mail|e-?mail)|original(?: |-)?(?:message|appointment|email)"
    r"|forwarded (?:message|mail|by)|reply message|mensagem (?:original|encaminhada)"
    r"|message (?:d['’]origine|original|transféré|initial)|mensaje (?:original|reenviado)"
    r"|messaggio (?:originale|inoltrato)|oorspronkelijk bericht|doorgestuurd bericht"
    r"|opprinnelig melding|videresendt melding|oprindelig (?:meddelelse|besked)"
    r"|videresendt (?:besked|meddelelse)|ursprungligt meddelande|originalmeddelande"
    r"|vidarebefordrat (?:meddelande|mail)|alkuperäinen viesti|välitetty viesti"
    r"|(?:wiadomość )?oryginalna(?: wiadomość)?|původní (?:zpráva|e-mail)|eredeti üzenet"
    r"|(?:исходное|пересылаемое|оригинальное) сообщение"
)
_SEPARATOR = re.compile(
    rf"\s*[-—–_*=]{{2,}}\s*(?:{_TITLES})\b.{{0,60}}?[-—–_*=]*\s*$", re.IGNORECASE
)
_ANNOUNCED = re.compile(
    r"\s*(?:anfang der weitergeleiteten (?:nachricht|e-?mail)|begin forwarded message"
    r"|début du message (?:transféré|réexpédié)|inizio messaggio inoltrato"
    r"|inicio del mensaje reenviado|begin doorgestuurd bericht)\s*:\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*+(?:(?:[-_*=—–]\s?+){5,}+|={4,}+)\s*$")
_DRAWN = "-—–_*="
_LONGEST = 600  # characters of an attribution


def is_rule(line: str) -> bool:
    return _RULE.match(line) is not None


def header_lines(lines: list[str]) -> set[int]:
    """Return the lines at which a header may begin: all others are not worth a pattern.

    Each kind is told by a drawn line, or by an end that is at most three lines further down.
    """
    ends = (at for at, line in enumerate(lines) if ":" in line or "wrote" in line or "--" in line)
    begins = {at for end in ends for at in range(max(0, end - 3), end + 1)}
    return begins.union(at for at, line in enumerate(lines) if line.lstrip()[:1] in _DRAWN)


def find_header(lines: list[str], at: int) -> QuoteHeader | None:
    """Return the header that begins at this line, or None; the line is not blank."""
    line = lines[at]
    stripped = line.strip()
    # Looking at one character before the patterns halves the work on every mail.
    ends = stripped[-1] == ":"
    if (stripped[0] in _DRAWN and _SEPARATOR.match(line)) or (ends and _ANNOUNCED.match(line)):
        return QuoteHeader(1, to_the_end=True)
    if ":" in line and (length := _block_length(lines, at)):
        return QuoteHeader(length, to_the_end=True)
    if length := _attribution_length(lines, at):
        return QuoteHeader(length, to_the_end=False)
    if ends and _NAMED.match(line) and _is_marked_below(lines, at + 1):
        return QuoteHeader(1, to_the_end=False)
    return None


def _block_length(lines: list[str], at: int) -> int:
    """Return how many lines a block of labels has from here, or 0 where there is none."""
    if _kind(lines[at]) is None:
        return 0
    kinds: set[str] = set()
    last = at
    for number in range(at, min(at + _MOST_BLOCK_LINES, len(lines))):
        if kind := _kind(lines[number]):
            kinds.add(kind)
            last = number
        elif not lines[number].strip() and number - last > 1:
            break
    if len(kinds) >= 3 and "from" in kinds and ("date" in kinds or "subject" in kinds):
        return last - at + 1
    return 0


def _kind(line: str) -> str | None:
    match = _LABEL.match(line)
    return _KINDS.get(match[1].lower().replace("’", "'")) if match else None


def _attribution_length(lines: list[str], at: int) -> int:
    """Return how many lines an attribution has from here, or 0 where there is none."""
    joined = ""
    if not _BEGINS.match(lines[at]):
        return 0
    for number in range(at, min(at + 4, len(lines))):
        part = lines[number].strip()
        if not part or (number > at and part.startswith(">") and len(part) > 2):
            return 0
        joined = f"{joined} {part}" if joined else part
        if len(joined) > _LONGEST:
            return 0
        if part.endswith((":", "wrote", "--")):
            marked = _is_marked_below(lines, number + 1)
            if is_attribution(joined, marked=marked):
                return number - at + 1
    return 0


def _is_marked_below(lines: list[str], at: int) -> bool:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at < len(lines) and lines[at].lstrip().startswith(">")


def is_attribution(text: str, *, marked: bool = False) -> bool:
    """Say whether a program wrote this above a quotation; `marked` where `>` lines follow.

    People write "Am 3. Mai schrieb mir Ihre Kollegin:" too. A program adds the time or address.
    """
    if _ME.search(text):
        return False
    if _DATED_ADDRESS.match(text) or _YOU_WROTE.match(text):
        return True
    return (marked or bool(_PROOF.search(text))) and _ATTRIBUTION.match(text) is not None
