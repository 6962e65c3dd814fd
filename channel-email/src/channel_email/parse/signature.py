"""Find where a signature begins in somebody's own words.

Rule 1. `-- ` on a line of its own begins one (RFC 3676 §4.3); `--`, `__` and a long dash do so
        where only a few short lines follow, a drawn rule where they say how to reach somebody.
Rule 2. A line that a device or an app adds ("Von meinem iPhone gesendet") begins one.
Rule 3. "Mit freundlichen Grüßen" and the name below it are how a person ends a letter: they stay.
        Only with a block of further short lines below that says how to reach somebody does the
        closing begin a signature: an address alone may be what the letter is about. "Vielen Dank"
        begins none.
Rule 4. A postscript is never part of a signature.
Rule 5. Numbers, labels and what the text above announces are content, wherever they stand: a new
        address, a meter reading, an IBAN. Only below `-- ` nobody writes content.
"""

import re

from channel_email.parse.devices import BEGINS as DEVICES
from channel_email.parse.devices import is_device_line, letters_of

_MARK = re.compile(r"(?:--|__|—|–)\s*\Z")
_RULE = re.compile(r"(?:_{3,}|[—–―─]{2,}|-{3,}|\*{3,}|={3,}|~{3,})\s*\Z")
_DRAWN = "-_—–―─*=~"
_SENTENCE_END = re.compile(r"(?:[!?]|[a-zäöüß)]{2}[.:])\s*+\Z")
_CLOSING = re.compile(
    r"(?:(?:vielen dank|danke|thanks|merci) (?:und|and|et) )?"
    r"(?:mit (?:freundlich|best|herzlich|vorzüglich|lieb|schön|sonnig|kollegial|verbindlich)\w* "
    r"(?:grü(?:ß|ss)\w*|gru(?:ß|ss)|empfehlung\w*)"
    r"|(?:viele|liebe|beste|freundliche|herzliche|schöne|sonnige|ganz liebe|die besten) "
    r"(?:grü(?:ß|ss)e|gru(?:ß|ss))|freundlichst|hochachtungsvoll|mit vorzüglicher hochachtung"
    r"|grü(?:ß|ss)e|gru(?:ß|ss)|mfg|lg|vg|bg|hg|(?:ihr|ihre|dein|deine)"
    r"|(?:best|kind|warm|many|with (?:best|kind)|my best)? ?(?:regards|wishes)|sincerely(?: yours)?"
    r"|yours(?: (?:faithfully|sincerely|truly))?|cheers|best|cordialement|bien à vous"
    r"|(?:bien |très )?cordialement|salutations(?: distinguées)?|saludos|un saludo|atentamente"
    r"|cordiali saluti"
    r"|distinti saluti|saluti|met vriendelijke groet(?:en)?|groet(?:en|jes)?|atenciosamente|abraços"
    r"|pozdrawiam|z poważaniem|med venlig hilsen|mvh|hilsen|hälsningar|med vänlig hälsning"
    r"|ystävällisin terveisin|с уважением|з повагою|с уважение|saygılarım(?:la|ızla)|saygılar"
    r"|z wyrazami szacunku|pozdrowienia|cu (?:stimă|respect)|srdačan pozdrav"
    r"|s (?:poštovanjem|pozdravem|úctou)"
    r"|με εκτίμηση|üdvözlettel|me respekt|مع (?:فائق |خالص )?(?:التحية|الاحترام|التقدير).{0,20})"
    r"(?: (?:aus|und|von|from) [\w ,]{1,40})?[\s,.!;:-]*+"
    r"[\U0001F300-\U0001FAFF\u2600-\u27BF]*+\s*+\Z",
    re.IGNORECASE,
)
# What they begin with, by three letters: looking there first is most of the work saved.
_LETTERS = (
    "mit|vie|dan|tha|mer|lie|bes|fre|her|sch|son|gan|die|hoc|grü|gru|mfg|lg|vg|bg|hg|ihr|dei|kin"
    "|war|man|wit|my|reg|wis|sin|you|che|cor|bie|trè|sal|un|ate|dis|met|gro|abr|poz|z p|z w|med"
    "|mvh|hil|häl|yst|с у|з п|say|cu|s p|s ú|srd|με|üdv|me|مع"
)
_BEGINS = frozenset(_LETTERS.split("|"))
_POSTSCRIPT = re.compile(r"(?:P\.?\s?P?\.?\s?S\b\.?\s?:?|NB:|Nachtrag)", re.IGNORECASE)
_GREETING = re.compile(
    r"(?:sehr geehrte|guten (?:tag|morgen|abend)|hallo|hello|hi|moin|servus|grüß gott|liebe|dear"
    r"|bonjour|good (?:morning|day)|buongiorno|buenos días|dzień dobry|merhaba|добрый день"
    r"|добрий день|szanown|السلام عليكم)\w{0,3}"
    r"(?: (?:frau|herrn?|damen und herren|zusammen|team|alle|ms|mrs?|sir or madam|madame"
    r"|monsieur)\b[\w .-]{0,40})?+\s*+[,!،]?\s*+\Z",
    re.IGNORECASE,
)
# What only points at the mail below: "siehe unten", "zur Kenntnis".
_POINTS = re.compile(
    r"(?:(?:bitte |please )?(?:siehe|s\.|vgl\.?|see|voir|vedi|ver|zie|bkz\.?|див\.|см\.) ?"
    r"(?:unten|u\.|below|ci-dessous|sotto|abajo|hieronder|aşağıda|нижче|ниже)"
    r"|(?:nur )?(?:z\. ?k(?:ts)?\.|zur kenntnis(?:nahme)?|fyi|for your information|pour info"
    r"|weiterleitung|weitergeleitet|forwarded"
    r"|mit der bitte um (?:kenntnisnahme|bearbeitung|erledigung)))[.!]?\Z",
    re.IGNORECASE,
)
# How somebody is reached: a label, an address, a number with its country.
_CONTACT = re.compile(
    r"[\W_]{0,4}(?:(?:tel(?:efono?|efoon|\. ?nr)?|fon|phone|telephone|mob(?:ile?|il(?:telefon)?)?"
    r"|handy|cell|(?:tele)?fax|e-?mail|mail|web(?:site|seite)?|homepage|internet|skype|whatsapp"
    r"|tél(?:éphone)?|portable|courriel|téléc|gsm|тел(?:ефон)?|моб|هاتف|جوال|kom|cep)\b"
    r"|[ewd]\s?[.:|]\s?\S{1,60}[@.]|[tmfp]\s?[.:|]\s?[+(\d]|\+\d|\(0?\d"
    r"|[\w-]{1,60}(?:\.[\w-]{1,60}){0,4}\.[a-z]{2,10}/?\Z)",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"(?:\D{0,40}(?:str(?:aße|asse|\.)?|weg|platz|allee|gasse|ring|damm|ufer|hof|steig|chaussee"
    r"|markt|wall|graben|berg|pfad|stieg|kamp|street|st\.?|road|rd\.?|avenue|lane|straat|laan|gate|vej)"
    r"|(?:am|an|auf|im|in|zum|zur|unter|rue|via|calle|ul\.|rua|piazza|zimmer|raum|room"
    r"|etage) ?[^\d,]{0,40})"
    r"\s?\d{1,3}(?:\s?[a-z])?\b\D{0,5}(?:(?:[a-z]{1,2}[- ])?\d{4,5} \D{2,40})?\Z"
    r"|(?:[a-z]{1,2}[- ])?\d{4,5} (?-i:[^\W\d_a-z])[^\W\d_]{2,20}\D{0,40}\Z",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"(?:geschäftsführ\w*|vorstand\w*|vorsitzende\w*|aufsichtsrat\w*|sitz|registergericht|amtsgericht"
    r"|ust|hr[ab]|ceo|managing director|inhaber\w*|sprechzeiten|bürozeiten|öffnungszeiten)\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"[^\W\d][\w .()/-]{1,40}[:：=](?!//)")
# What the text above, or a line here, speaks of, if it is what stands below the closing.
_SPOKEN_OF = re.compile(
    r"\b(?:unten|unterhalb|untenstehend|nachstehend|(?:nach)?folgend|wie folgt|adresse|anschrift"
    r"|umgezogen|umzug|umziehen|verzogen|kontaktdaten|rufnummer|telefonnummer|handynummer"
    r"|erreich(?:e|en|bar)\b|rückruf|zurück(?:zu)?rufen|ruf(?:en|t|e)? (?:sie|mich|uns|bitte)"
    r"|anruf|telefoni|call (?:me|us|back)|phone me|rappele|below|following|address|moved"
    r"|phone number|reach me|ci-dessous|suivante?s?\b|déménagé|joindre|adres|taşındı|aşağıda"
    r"|ara[yr]|poniżej|przeprowadz|zadzwo|нижче|адрес|переїха|дзвон|ниже|переехал|звон|телефон|dirección"
    r"|llám|indirizzo|chiam|العنوان|عنوان|أدناه|اتصل)",
    re.IGNORECASE,
)
_FEW = 12  # non-blank lines of a block
_LAST = 30  # lines in which it begins, with blank ones between
_LONGEST = 140  # characters of the line that begins it
_SHORT = 75  # characters of a line in it
_NAME = 4  # lines of a closing and a name
_LITTLE = 400  # characters of a text that may say nothing
_ABOVE, _END = 15, 300  # lines, and characters at their ends, in which something may be announced


def find_signature(lines: list[str]) -> tuple[int, int]:
    """Return where the signature in these own words begins and ends; begin is len where none is."""
    # A signature is short, so all but `-- ` are looked for in the last lines alone.
    exact = lines.index("-- ") if "-- " in lines else len(lines)
    for at in range(max(0, len(lines) - _LAST), exact):
        if len(lines[at]) > _LONGEST:
            continue
        stripped = lines[at].strip()
        if stripped and (end := _end(lines, at, stripped)):
            return at, end
    return exact, _postscript(lines, exact)


def _end(lines: list[str], at: int, stripped: str) -> int:
    """Return where the signature that begins with this line ends, or 0 where none begins."""
    if stripped[0] in _DRAWN:
        return _end_of_drawn(lines, at, stripped)
    letters = letters_of(stripped)
    if letters in DEVICES and is_device_line(stripped):
        return _block_end(lines, at) or at + 1
    if letters not in _BEGINS or not _CLOSING.match(stripped):
        return 0
    end = _block_end(lines, at, least=2, to_mark=True, proof=True)
    return _end(lines, end, lines[end].strip()) or end if 0 < end < len(lines) else end


def _end_of_drawn(lines: list[str], at: int, stripped: str) -> int:
    if lines[at] == "-- ":
        return _postscript(lines, at)
    if _MARK.match(stripped):
        return _block_end(lines, at)
    return _block_end(lines, at, least=2, proof=True) if _RULE.match(stripped) else 0


def says_nothing(text: str) -> bool:
    """Say whether these are a greeting, a closing and a name and no more: nothing of one's own."""
    if len(text) > _LITTLE:
        return False
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    greeted = bool(lines) and _GREETING.match(lines[0]) is not None
    if greeted and len(lines) == 1:  # a lone "Hallo" is all that somebody wanted to say
        return lines[0].endswith((",", "،"))
    rest = [line for line in lines[greeted:] if not _POINTS.match(line)]
    if not rest:
        return True
    named = _CLOSING.match(rest[0]) is not None and len(rest) <= _NAME
    return named and not any(_reads(line) or _is_content(line) for line in rest[1:])


def _block_end(
    lines: list[str],
    at: int,
    *,
    least: int = 1,
    to_mark: bool = False,
    proof: bool = False,
) -> int:
    """Return where the block below this line ends; 0 where it is no signature's.

    One has a few short lines, none of which is content or reads like a sentence. `to_mark`: up to
    a next mark, which begins a signature of its own. `proof`: one says how to reach somebody.
    """
    block: list[str] = []
    number = at + 1
    while number < len(lines):
        line = lines[number].strip()
        if line and _begins_other(line, to_mark=to_mark):
            break
        if line and not (_is_short(line) or is_device_line(line)):
            return 0
        block.append(line)
        number += 1
    if not least <= sum(map(bool, block)) <= _FEW or not _is_somebody(block, proof=proof):
        return 0
    return 0 if _speaks_of(lines, at, block) else number


def _begins_other(line: str, *, to_mark: bool) -> bool:
    """Say whether a postscript begins here, or another signature where we look for one."""
    if line[0] in "PpN" and _POSTSCRIPT.match(line):
        return True
    return to_mark and bool(_MARK.match(line) or _RULE.match(line) or is_device_line(line))


def _is_short(line: str) -> bool:
    return len(line) <= _SHORT and not _reads(line) and not _is_content(line)


def _is_somebody(block: list[str], *, proof: bool) -> bool:
    """Say whether the lines tell of a person or an office, not of the matter."""
    if any(
        _CONTACT.match(line) or _is_link(line) or is_device_line(line) for line in block if line
    ):
        return True
    # A name, and what she is, stand together; what stands apart may be anything.
    return not proof and "" not in "\n".join(block).strip().split("\n")


def _speaks_of(lines: list[str], at: int, block: list[str]) -> bool:
    """Say whether the text above announces what stands in the block."""
    above = [line[-_END:] for line in lines[max(0, at - _ABOVE) : at]]
    last = next((line for line in reversed(above) if line.strip()), "")
    said = "\n".join([*above, *block])
    return last.rstrip().endswith(":") or _SPOKEN_OF.search(said) is not None


def _is_content(line: str) -> bool:
    """Say whether a line has a number or a label, and not of a person or an office."""
    if _CONTACT.match(line) or _OFFICE.match(line):
        return False
    if _LABELLED.match(line):
        return True
    return any(map(str.isdigit, line)) and not (_PLACE.match(line) or _is_link(line))


def _is_link(line: str) -> bool:
    return "@" in line or "www." in line or "://" in line


def _reads(line: str) -> bool:
    """Say whether a line reads like a sentence rather than like a name or a number."""
    words = len(line.split())
    return (
        line.endswith("?") or words > 11 or (words >= 5 and _SENTENCE_END.search(line) is not None)
    )


def _postscript(lines: list[str], at: int) -> int:
    for number in range(at + 1, len(lines)):
        if _POSTSCRIPT.match(lines[number].strip()):
            return number
    return len(lines)
