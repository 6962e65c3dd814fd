"""Find the block of labels that a mail program puts above a mail that it quotes as a whole.

People who list facts and the forms of web sites write labels too, and what they say must be seen.
So a block is a program's only where all of this is true; else it is somebody's own words:
  its labels    at least three, nothing between, above or right below them that is no such label
  its sender    has an address, or the block is dated as Outlook dates it
                and is not who wrote the mail
  its moment    has a day and a time
  its mail      says that it answers or forwards, or the block is dated as Outlook dates it
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

# Per kind, in the languages our citizens' programs speak.
_LABELS = {
    "from": "von|from|de|da|van|od|fra|från|lähettäjä|от|от кого|feladó|expéditeur|remitente"
    "|mittente|absender|kimden|gönderen|від|від кого|من|المرسل|از|فرستنده|expeditor|de la|από|nga"
    "|מאת|发件人|寄件者|寄件人|差出人|送信者|보낸 사람|보낸사람|từ|dari|frá|nuo|no|saatja"
    "|šalje|шаље|од|จาก",
    "sent": "gesendet|gesendet am|sent|envoyé|envoyé le|enviado|enviado el|enviada em|enviado em"
    "|enviada|inviato|verzonden|wysłano|wysłane|sendt|skickat|skickades|lähetetty|отправлено"
    "|отправлен|odesláno|odoslané|poslano|poslato|message du|gönderildi|gönderilme"
    "|gönderilme tarihi|gönderme tarihi|надіслано|відправлено|تم الإرسال|تاريخ الإرسال|أرسل|أُرسلت"
    "|الإرسال|ارسال شده|تاریخ ارسال|trimis|elküldve|küldve|στάλθηκε|αποστολή|изпратено|dërguar"
    "|נשלח|发送时间|寄件日期|送信日時|보낸 날짜|đã gửi|dikirim|sent at|verzonden op|inviato il"
    "|išsiųsta|nosūtīts|saadetud|испратено|послато|enviat|ส่ง",
    "date": "datum|date|data|dato|дата|fecha|päiväys|date d'envoi|tarih|التاريخ|تاریخ|dátum|data e"
    "|ημερομηνία|תאריך|日期|日付|날짜|ngày|tanggal|gesendet/datum|päivämäärä|kuupäev",
    "to": "an|to|à|a|para|aan|do|til|till|vastaanottaja|кому|komu|pour|destinatario|dla|empfänger"
    "|kime|alıcı|prima|primatelj|إلى|الى|المستلم|به|گیرنده|către|catre|címzett|προς|до|za|për|te|אל|收件人|收件者"
    "|宛先|받는 사람|받는사람|đến|tới|kepada|kam|adressaat|per a|за|ถึง",
    "cc": "cc|kopie|copie|copie à|copia|kopia|kopi|kopio|копия|копія|dw|bcc|bilgi|نسخة|نسخة إلى"
    "|رونوشت|másolat|κοιν|κοινοποίηση|עותק|抄送|副本|참조|kopja|cc'd",
    "subject": "betreff|subject|objet|sujet|asunto|assunto|oggetto|onderwerp|temat|emne|ämne|aihe"
    "|тема|předmět|predmet|re|betr|konu|الموضوع|موضوع|subiect|tárgy|θέμα|относно|zadeva|subjekti"
    "|subjekt|נושא|主题|主旨|件名|제목|chủ đề|subjek|efni|teema|tēma|tema|assumpte|предмет|เรื่อง",
    "other": "antwort an|reply-to|antwoord aan|répondre à|organisation|organization|wichtigkeit"
    "|importance|priorität|priority|anlagen|anlage|attachments|pièces jointes|vertraulichkeit"
    "|sensitivity|kategorien|categories|im auftrag von|önem|załączniki|ekler|вложения|вкладення"
    "|المرفقات|ważność|bijlagen|allegati|adjuntos|priorité|eszközök|archivos adjuntos",
}
_KINDS = {word: kind for kind, words in _LABELS.items() for word in words.split("|")}
# A letter, or an accent that stands for itself, as in Arabic and Thai.
_LETTER = r"(?:[^\W\d]|[\u0300-\u036f\u064b-\u0652\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])"
_LABEL = re.compile(
    r"[\s>*_|•\u200e\u200f\u202a-\u202e\u2066-\u2069]{0,8}"
    rf"([^\W\d]{_LETTER}*(?:[ '’/-]{_LETTER}+){{0,3}})[*_\u00a0 ]{{0,3}}[:：](?!//)[*_]{{0,2}}"
)
_ANY_LABEL = re.compile(r"[\s*]{0,4}[^\s:：<@\d][^:：<@\d]{0,30}[:：](?!//)[*]{0,2}")
_IN_BRACKETS = re.compile(r"<[^<>\s@]{1,64}@[^<>\s@]{1,255}>")
_ADDRESS = re.compile(r"[^\s@<>]@[^\s@<>]|/o=|/ou=", re.IGNORECASE)  # also an Exchange name
_TIME = re.compile(
    r"\d[:٫h時时]\d\d|(?<![\d.])\d{1,2}\.\d\d(?![\d.])|\d\d?\s?(?:[ap]\.?m\b|uhr\b)", re.IGNORECASE
)
_DAY = re.compile(r"\d{4}|\d\d?[./-]\d\d?[./-]\d\d|[^\W\d_]{3}-\d\d-\d\d|\d-[^\W\d_]{3,9}-\d\d")
_NAME_OF_DAY = re.compile(r"[^\W\d_]{3,}|年")
_NO_NAME = re.compile(r"\b(?:uhr|um|gmt|utc|mez|mesz|cet|cest|kl|klo)\b", re.IGNORECASE)
_MOST_LINES = 14
# Where writing goes from right to left, and in Windows, marks of direction stand around each word.
DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_DIRECTIONS = re.compile(f"[{DIRECTIONS}]")


@dataclass(slots=True)
class _Block:
    """What the labels say so far, by kind; `last` is the line of the last one."""

    last: int
    values: dict[str, str] = field(default_factory=dict)
    strange: list[int] = field(default_factory=list)  # lines with labels that no program writes

    @property
    def is_whole(self) -> bool:
        return {"from", "subject"} <= self.values.keys() and bool(_moment_of(self.values))


def block_length(
    lines: list[str], at: int, *, is_reply: bool, authors: Collection[str] = ()
) -> int:
    """Return how many lines a program's block of labels has from here, or 0 where none is.

    `authors`: addresses, in lower case, of who wrote the mail; her own words are no quotation.
    """
    if kind_of(lines[at]) is None or _is_listed(lines, at):
        return 0
    block = _read(lines, at)
    if len(block.values) < 3 or "from" not in block.values or _is_mixed(lines, block):
        return 0
    sender = block.values["from"].lower()
    if any(author in sender for author in authors):
        return 0
    return block.last - at + 1 if _is_of_a_program(block.values, is_reply=is_reply) else 0


def strange_length(lines: list[str], at: int, authors: Collection[str]) -> int:
    """Return how many lines a block in a language that we do not know has from here, or 0.

    It must name somebody else with her address, then a moment, then who wrote this mail.
    """
    if "@" not in lines[at] or _is_listed(lines, at):
        return 0
    values: list[str] = []
    for line in map(without_directions, lines[at : at + _MOST_LINES]):
        if not (match := _ANY_LABEL.match(line)):
            break
        values.append(line[match.end() :].lower())
    own = [any(author in value for author in authors) for value in values]
    named = len(values) >= 4 and bool(_IN_BRACKETS.search(values[0])) and not own[0]
    return len(values) if named and any(own) and any(map(is_moment, values[1:3])) else 0


def paragraph_length(lines: list[str], at: int) -> int:
    """Return how many lines of labels stand from here on, below a line that announces them."""
    start = at
    while at < len(lines) and not lines[at].strip():
        at += 1
    if at == len(lines) or kind_of(lines[at]) is None:
        return 0
    return _read(lines, at).last - start + 1


def kind_of(line: str) -> str | None:
    return _KINDS.get(_read_label(line)[0])


def _read_label(line: str) -> tuple[str, str]:
    """Return the label at the beginning of the line in lower case, or "", and what follows it."""
    match = _LABEL.match(line)
    return (match[1].lower().replace("’", "'"), line[match.end() :]) if match else ("", line)


def without_directions(text: str) -> str:
    return text if text.isascii() else _DIRECTIONS.sub("", text)


def is_moment(text: str) -> bool:
    """Say whether a day and a time are in the text, in whatever language."""
    text = without_directions(text)
    return bool(_TIME.search(text) and _DAY.search(text))


def _is_listed(lines: list[str], at: int) -> bool:
    """Say whether the line above belongs to the same list, or announces what stands here."""
    if at and _read_label(lines[at - 1])[0]:
        return True
    above = next((line for line in reversed(lines[max(at - 5, 0) : at]) if line.strip()), "")
    return above.rstrip().endswith((":", "："))


def _read(lines: list[str], at: int) -> _Block:
    block, kind = _Block(at), ""
    for number in range(at, min(at + _MOST_LINES, len(lines))):
        line = lines[number]
        label, value = _read_label(line)
        if found := _KINDS.get(label):
            kind, block.last = found, number
            block.values.setdefault(kind, value)
        elif label:
            block.strange.append(number)
        elif not line.strip():
            if number - block.last > 1 or block.is_whole:
                break
        elif number == block.last + 1 and kind:
            block.values[kind] += f" {line.strip()}"  # wrapped on its way
    return block


def _is_mixed(lines: list[str], block: _Block) -> bool:
    """Say whether other labels stand between these, or right below the last."""
    return any(n < block.last or not _gap(lines, block.last, n) for n in block.strange)


def _gap(lines: list[str], first: int, last: int) -> bool:
    return any(not lines[number].strip() for number in range(first + 1, last))


def _is_of_a_program(values: dict[str, str], *, is_reply: bool) -> bool:
    moment = _moment_of(values)
    if not moment:
        return is_reply and {"to", "subject"} <= values.keys() and _has_address(values)
    if not is_moment(moment):
        return False
    # Outlook names the day: "Donnerstag, 12. März 2026 10:11". Forms and lists do so hardly ever.
    named = "sent" in values and _NAME_OF_DAY.search(_NO_NAME.sub("", moment)) is not None
    whole = {"to", "subject"} <= values.keys() and _has_address(values)
    return (is_reply and named) or (whole and (is_reply or named))


def _moment_of(values: dict[str, str]) -> str:
    return (values.get("sent") or values.get("date") or "").strip()


def _has_address(values: dict[str, str]) -> bool:
    return _ADDRESS.search(values["from"]) is not None
