"""Find where the words of others begin in a mail, by the headers that programs put above them.

Four kinds, in the languages our citizens' programs speak, German and English first:
  attribution   Am 12.03.2026 um 10:11 schrieb Erika Muster <e@muster.de>:   (one to four lines)
                Erika Muster <e@muster.de> schrieb am 12.03.2026 um 10:11:
  dated address 12.03.2026, 10:11, "Erika Muster" <e@muster.de>:             (no verb at all)
  block         Von: ...  Gesendet: ...  An: ...  Betreff: ...               (`labels`)
  separator     -----Ursprüngliche Nachricht-----
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from channel_email.parse.labels import (
    DIRECTIONS,
    block_length,
    is_moment,
    paragraph_length,
    strange_length,
    without_directions,
)


@dataclass(frozen=True, slots=True)
class QuoteHeader:
    """`lines` long; `to_the_end` where everything below it is quoted, marked or not."""

    lines: int
    to_the_end: bool


_VERBS = (
    "schrieb|schrieben|geschrieben|wrote|writes|a écrit|écrit|escribió|va escriure|ha scritto"
    r"|scrisse|schreef|geschreven|escreveu|napisa[łl](?:\(a\)|a)?|skrev|skrifaði|kirjoitti|írta"
    r"|kirjutas|rašė|rakstīja|написа(?:л\w*|в|ла|ли)?|пишет|пише|писал"
    r"|nap[sí]+al(?:\(a\)|a)?|napisa(?:o|la)(?:/la)?(?: je)?|je napisao(?:/la)?|pisal|yazdı|yazmış"
    r"|a scris|έγραψε|shkroi|ka shkruar|menulis|đã viết|كتب|كتبت|كتابة ما يلي|نوشت|כתב|כתבה|נכתב"
)
_WROTE = re.compile(rf"(?<!\w)(?:{_VERBS})(?!\w)|[@\d]", re.IGNORECASE)
_ASIAN_VERBS = "写道|寫道|작성|のメッセージ"  # no blank parts them from the word before
# What dates begin with in these languages: "On ...", "Am ...", a weekday, a number.
_STARTS = (
    r"am|on|le|el|il|il giorno|in data|op|em|den|dnia|w dniu|på|dne|dňa|dana|în|pe|στις|vào|në|ha"
    r"|في|بتاريخ|در|בתאריך|ב|у|в|na|pada|kuupäev"
    r"|\w{2,10}[.,،]{0,2} (?:den )?\d+|\d+[年년]?"
)
# Looked for in the first line alone, or "Hallo" above "12.03.2026 schrieb ..." would be a weekday.
_BEGINS = re.compile(
    rf"[\W_]{{0,12}}(?:(?:{_STARTS})\b|\d{{4}}[年년]|\w{{2,10}}[.,]{{1,2}}\s?\d)", re.IGNORECASE
)
_ATTRIBUTION = re.compile(
    rf"[\W_]{{0,12}}(?:{_STARTS})\b(?=.{{0,400}}?\d).{{0,400}}?(?<!\w)(?:{_VERBS})(?!\w)"
    r"(?:.{0,200}?)(?:\s?[:：]|\s?-{2,}|(?<=wrote))$",
    re.IGNORECASE,
)
# An address, or a time that is no part of a date: people write "Am 3.12.2026 schrieb ..." too.
_PROOF = re.compile(r"@|\d[:h]\d\d\b|(?<![\d.])\d{1,2}\.\d\d(?![\d.])|&lt;")
_IN_BRACKETS = r"[<(\[]{1,2}(?:mailto:)?[^<>()\[\]\s@]{1,200}+@[^<>()\[\]\s@]{1,200}+[>)\]]{1,2}"
# Only above lines that are marked: people write so, too.
_QUOTING = re.compile(
    rf"(?:Zitat von|Quoting|Citando|Citat från|Missatge de) .{{0,160}}?{_IN_BRACKETS}.{{0,60}}:$"
    r"|.{2,80} (?:schrieb|wrote|skrev|schreef|a écrit) (?:am|on|den|op|le) .{5,60}:$"
)
_NAMED = re.compile(
    rf"[\W_]{{0,3}}.{{0,160}}?{_IN_BRACKETS}"
    rf".{{0,60}}?(?:(?<!\w)(?:{_VERBS})(?!\w)|{_ASIAN_VERBS}).{{0,80}}[:：]$",
    re.IGNORECASE,
)
_YOU_WROTE = re.compile(
    r"(?:(?:am|on) .{0,60}\d.{0,30} )?(?:schrieben Sie|schriebst du|you wrote):$", re.IGNORECASE
)
# "Am 12.3. schrieb ich Ihnen:" is what a person says, not a program.
_ME = re.compile(
    r"\bschrieb(?:en)? (?:ich|wir|mir|uns|Sie mir|Sie uns)\b|\b(?:I|we) wrote\b|\bwrote (?:me|us)\b"
    r"|\bj['’]ai écrit\b|\bm['’]a écrit\b|^\W{0,3}(?:Ich|Wir|I|We|Je|Nous)\b|\b(?:mir|ich) "
)
_DATED_ADDRESS = re.compile(
    r"[\W_]{0,12}(?=.{0,200}(?:\d[:.h]\d\d|\b\d{4}\b))"
    r"(?:\d{1,4}[.:/ 年년-]|\w{2,10}[.,]{1,2}\s?\d|בתאריך)"
    rf".{{0,200}}{_IN_BRACKETS}\s?[:：]$"
)
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
    r"|(?:исходное|пересылаемое|оригинальное|пересланное) сообщение"
    r"|(?:оригінальне|вихідне|переслане|початкове) повідомлення|(?:оригинално|препратено) съобщение"
    r"|(?:özgün|orijinal|iletilen) (?:ileti|mesaj|e-?posta)|przekazana wiadomość"
    r"|wiadomość (?:przekazana|przesłana)|(?:mesaj|mesajul) (?:original|redirecționat|inițial)"
    r"|(?:izvorna|originalna|izvirna|proslijeđena|prosleđena) poruka|izvirno sporočilo"
    r"|preposlaná správa|pôvodná správa|přeposlaná zpráva|αρχικό μήνυμα|προωθημένο μήνυμα"
    r"|mesazhi origjinal|الرسالة (?:الأصلية|المعاد توجيهها)|رسالة (?:أصلية|معاد توجيهها)"
    r"|پیام اصلی|הודעה מקורית|(?:原始邮件|转发的邮件|原始郵件|元のメッセージ|원본 메시지)"
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
_MARKED = (">", "|")
_RULE = re.compile(r"\s*+(?:(?:[-_*=—–]\s?+){5,}+|={4,}+)\s*$")
_DRAWN = "-—–_*="
_ENDS = (":", "：", "wrote", "--", *DIRECTIONS)
_LONGEST_LABEL = 50  # characters, with what is drawn before it
_LONGEST = 600  # characters of an attribution


def is_rule(line: str) -> bool:
    return _RULE.match(line) is not None


def is_groupwise(line: str) -> bool:
    """Say whether GroupWise wrote this above a mail that it marks no further."""
    return line.startswith(">>> ") and line.rstrip().endswith(" >>>") and is_moment(line)


def header_lines(lines: list[str]) -> set[int]:
    """Return the lines at which a header may begin: all others are not worth a pattern.

    Each kind is told by a drawn line, a label, or an end that is at most three lines further down.
    """
    begins: set[int] = set()
    for at, line in enumerate(lines):
        bare = line.strip()
        if not bare:
            continue
        if bare[0] in _DRAWN or -1 < bare.find(":") < _LONGEST_LABEL or "：" in bare:
            begins.add(at)
        if bare.endswith(_ENDS):
            begins.update(range(max(0, at - 3), at + 1))
    return begins


def find_header(
    lines: list[str], at: int, *, is_reply: bool = True, authors: Collection[str] = ()
) -> QuoteHeader | None:
    """Return the header that begins at this line, or None; the line is not blank.

    `is_reply`: the mail says that it answers or forwards. Where it does not, who writes labels or
    a date with a name is most likely a person or a form. `authors`: see `labels.block_length`.
    """
    line = lines[at]
    stripped = line.strip()
    # Looking at one character before the patterns halves the work on every mail.
    if (stripped[0] in _DRAWN and _SEPARATOR.match(line)) or (
        stripped[-1] == ":" and _ANNOUNCED.match(line)
    ):
        return QuoteHeader(1 + paragraph_length(lines, at + 1), to_the_end=True)
    labelled = ":" in line or "：" in line
    if labelled and (length := block_length(lines, at, is_reply=is_reply, authors=authors)):
        return QuoteHeader(length, to_the_end=True)
    if labelled and is_reply and (length := strange_length(lines, at, authors)):
        return QuoteHeader(length, to_the_end=True)
    if is_reply and is_groupwise(line):
        return QuoteHeader(1, to_the_end=True)
    length = _attribution_length(lines, at)
    if length and (is_reply or is_marked_below(lines, at + length)):
        return QuoteHeader(length, to_the_end=False)
    return None


def _attribution_length(lines: list[str], at: int) -> int:
    """Return how many lines an attribution has from here, or 0 where there is none."""
    dated = _BEGINS.match(lines[at]) is not None
    if not dated and not _begins_paragraph(lines, at):
        return 0
    joined = ""
    for number in range(at, min(at + 4, len(lines))):
        part = lines[number].strip()
        if not part or (number > at and part.startswith(">") and len(part) > 2):
            return 0
        joined = f"{joined} {part}" if joined else part
        if len(joined) > _LONGEST:
            return 0
        if part.endswith(_ENDS):
            text = without_directions(joined)
            marked = is_marked_below(lines, number + 1)
            if (dated and is_attribution(text, marked=marked)) or _is_named(text, marked=marked):
                return number - at + 1
    return 0


def _begins_paragraph(lines: list[str], at: int) -> bool:
    above = lines[at - 1].strip() if at else ""
    return not above or above.startswith(">")


def is_marked_below(lines: list[str], at: int) -> bool:
    """Say whether the next line that is not blank is marked as quoted."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at < len(lines) and lines[at].lstrip().startswith(_MARKED)


def may_announce(line: str) -> bool:
    """Say whether some program may have written this line above a quotation, in any language."""
    return _WROTE.search(line) is not None


def _is_named(text: str, *, marked: bool) -> bool:
    """Say whether it is an attribution that begins with the name, as Gmail's in German."""
    if _ME.search(text):
        return False
    if marked and _QUOTING.match(text):
        return True
    return "@" in text and (marked or is_moment(text)) and _NAMED.match(text) is not None


def is_attribution(text: str, *, marked: bool = False) -> bool:
    """Say whether a program wrote this above a quotation; `marked` where `>` lines follow.

    People write "Am 3. Mai schrieb mir Ihre Kollegin:" too. A program adds the time or address.
    """
    if _ME.search(text):
        return False
    if _DATED_ADDRESS.match(text) or _YOU_WROTE.match(text):
        return True
    return (marked or bool(_PROOF.search(text))) and _ATTRIBUTION.match(text) is not None
