"""Split a reply into its own words, what it quotes, and its signature, for the timeline.

Rule 1. Nothing is lost: every line that is not blank is in exactly one of the three.
Rule 2. Own words below or between quotations are own words.
Rule 3. Where nothing but quotation would be left, or a greeting and a name above it, the whole is
        the text: a forwarded mail is what its sender wanted to say.
Rule 4. In doubt a line is shown. What is folded away has been named by a program, not guessed.
"""

import re
from collections.abc import Callable, Collection, Iterable
from functools import partial

from channel_email.parse.quotes import (
    QuoteHeader,
    find_header,
    header_lines,
    is_groupwise,
    is_marked_below,
    is_rule,
    may_announce,
)
from channel_email.parse.signature import find_signature, says_nothing
from hub_contract.words import Body

# `mark` puts these around what an HTML mail itself declares to be quotation or signature.
QUOTE, SOFT_QUOTE, SIGNATURE, END, TO_THE_END = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
_MARKS = (QUOTE, SOFT_QUOTE, SIGNATURE, END, TO_THE_END)
_MARKED = re.compile("([\ue000-\ue004])")
_MANY_BLANK = re.compile(r"\n{3,}")
_LONG = 60  # a quoted line so long may have been wrapped on its way
_MOST_LINES = 500  # in which headers are looked for: ten pages have fewer
_TEXT, _QUOTED, _SIGNED = "text", "quoted", "signature"
_RE = re.compile(
    r"\W{0,3}(?:\[[^\]]{0,40}\]\s?)?(?:re|aw|antw(?:ort)?|sv|vs|rv|res|rif|ref|r|odp|ynt|yan|yanıt|vá"
    r"|odg|atb|bls|απ|отв|відп|на|fwd?|wg|tr|i|vl|vb|enc|pd|fs|ilt|trs|továbbítás|prosl|πρθ|пересл"
    r"|пер|ha|hal|رد|إعادة توجيه|השב|הועבר|回复|回覆|答复|转发|轉寄|返信|転送|회신|전달)"
    r"\s?(?:[\[(]\d{1,3}[\])])?\s?[:：]",
    re.IGNORECASE,
)
# "Meine Antworten stehen unten im Text, in rot": they stand in what else would be folded.
_INSIDE = re.compile(
    r"\b(?:antwort|anmerk|kommentar|ergänz|stellungnahme|answer|repl(?:y|ies)|comment|response|réponse"
    r"|remarque|commentaire|yanıt|cevap|odpowied|відповід|ответ|respuesta|rispost)\w*+[^\n]{0,80}?"
    r"(?:\bunten|\bdarunter|\bunterhalb|\bdazwischen|\b(?:direkt )?im (?:text|zitat)"
    r"|\bin(?:line| line| red| blue| the text|mitten)\b|\brot\b|\bblau\b|\bgrün\b|\bfarbig|\bfett\b"
    r"|\bkursiv|\bbelow|\bci-dessous|\bdans le texte|\ben (?:rouge|bleu|gras)|\başağıda|\bponiżej"
    r"|\bнижче|\bниже|\babajo|\bsotto)"
    r"|\b(?:s(?:iehe|\.) ?u(?:nten|\.)|unten|rot|inline|below)\b[^\n]{0,60}?"
    r"\b(?:antwort|anmerk|kommentar|ergänz|answer|repl|comment)\w*"
    r"|\b(?:siehe|see|s\.|voir)[^\n]{0,30}? (?:in|en) (?:rot|blau|grün|red|blue|rouge|bleu)\b",
    re.IGNORECASE,
)
_ABOVE, _END = 30, 300  # lines, and characters at their ends, in which that is said


def split_reply(
    text: str, html: str = "", *, is_reply: bool = True, authors: Collection[str] = ()
) -> Body:
    """Return the three parts of a plain text, or of one that `mark` has marked.

    `html` is the safe form of the whole, and only passed on. `is_reply`: the mail says that it
    answers or forwards, see `is_reply_subject`. `authors`: addresses, in lower case, of who wrote
    it; what quotes her alone is what she says.
    """
    lines, declared = _read_marks(text) if has_marks(text) else (text.split("\n"), {})
    find = partial(find_header, lines, is_reply=is_reply, authors=authors)
    labels = _label(lines, declared, find, is_reply=is_reply)
    _label_signatures(lines, labels)
    if labels.count(_TEXT) == len(labels):
        return Body(text=_join(lines), html=html)
    parts = {
        label: _join(line for line, its in zip(lines, labels, strict=True) if its == label)
        for label in (_TEXT, _QUOTED, _SIGNED)
    }
    if not parts[_TEXT].strip() or (parts[_QUOTED] and says_nothing(parts[_TEXT])):
        return Body(text=_join(lines), html=html)
    return Body(**parts, html=html)


def is_reply_subject(subject: str) -> bool:
    """Say whether a mail program has written "Re:", "AW:", "WG:" or the like before it."""
    return _RE.match(subject) is not None


def has_marks(text: str) -> bool:
    return any(mark in text for mark in _MARKS)


def unmark(text: str) -> str:
    """Return the text without marks that its sender wrote: they mean nothing."""
    return _MARKED.sub("", text) if has_marks(text) else text


def _join(lines: Iterable[str]) -> str:
    text = "\n".join(map(str.rstrip, lines))
    return (_MANY_BLANK.sub("\n\n", text) if "\n\n\n" in text else text).strip("\n")


def _read_marks(text: str) -> tuple[list[str], dict[int, str]]:
    """Return the lines without their marks, and what the HTML declared each of them to be."""
    lines: list[str] = []
    declared: dict[int, str] = {}
    open_marks: list[str] = []
    for line in text.split("\n"):
        for piece in _MARKED.split(line):
            if piece == END:
                open_marks = open_marks[:-1]
            elif piece in _MARKS:
                open_marks.append(piece)
            elif piece.strip() or piece == line:
                for mark in open_marks:
                    declared[len(lines)] = max(mark, declared.get(len(lines), ""), key=_weight)
                lines.append(piece)
    return lines, declared


def _weight(mark: str) -> int:
    return ("", SOFT_QUOTE, SIGNATURE, TO_THE_END, QUOTE).index(mark)


def _label(
    lines: list[str],
    declared: dict[int, str],
    find: Callable[[int], QuoteHeader | None],
    *,
    is_reply: bool,
) -> list[str]:
    """Return for every line whether it is quoted; signatures are looked for afterwards."""
    labels = [_TEXT] * len(lines)
    done = 0  # lines above are labelled
    quotes = (at for at, mark in declared.items() if mark == QUOTE)
    answered = _is_answered_inside(lines, labels, min(quotes, default=0))
    for at in _remarkable(lines, declared):
        if at < done:
            continue
        mark = declared.get(at, "")
        if mark == QUOTE and answered:
            continue
        if mark == TO_THE_END:
            if not _is_answered_inside(lines, labels, at):
                _quote_the_rest(lines, labels, at)
            break
        if mark == QUOTE or (lines[at].lstrip(" ")[:1] == ">" and not is_groupwise(lines[at])):
            own = not mark and _is_list(lines, labels, at, is_reply=is_reply)
            labels[at] = _TEXT if own else _QUOTED
        elif mark == SIGNATURE:
            labels[at] = _SIGNED
        elif at < _MOST_LINES and lines[at].strip() and (header := find(at)):
            done = _quote_below(lines, labels, declared, at, at + header.lines)
        elif at and labels[at - 1] == _QUOTED and _is_wrapped(lines, at):
            labels[at] = _QUOTED
    return labels


def _quote_below(
    lines: list[str], labels: list[str], declared: dict[int, str], at: int, end: int
) -> int:
    """Label a header and what belongs to it as quoted; return the first line behind that."""
    below = _below(lines, end)
    marked = declared.get(below) in (SOFT_QUOTE, QUOTE)
    if marked and not _is_answered_inside(lines, labels, at):
        while end < len(lines) and (not lines[end].strip() or end in declared):
            end += 1
    elif is_marked_below(lines, end):
        _quote_bars(lines, labels, below)
    elif _is_answered_inside(lines, labels, at):
        return end
    else:
        _quote_the_rest(lines, labels, at)
        return len(lines)
    labels[at:end] = [_QUOTED] * (end - at)
    return end


def _quote_bars(lines: list[str], labels: list[str], below: int) -> None:
    """Label lines that begin with "|", if the first below a header does: tables have it too."""
    if lines[below].lstrip().startswith("|"):
        for number in range(below, len(lines)):
            if lines[number].lstrip().startswith("|"):
                labels[number] = _QUOTED


def _is_answered_inside(lines: list[str], labels: list[str], at: int) -> bool:
    """Say whether the sender says above that answers stand in what no mark tells from a quotation.

    Then all of it is shown.
    """
    above = range(max(0, at - _ABOVE), at)
    own = "\n".join(lines[n][-_END:] for n in above if labels[n] == _TEXT)
    return _INSIDE.search(own) is not None


def _is_list(lines: list[str], labels: list[str], at: int, *, is_reply: bool) -> bool:
    """Say whether this line with `>` is of a list that somebody writes, right below own words."""
    above = lines[at - 1].strip() if at and labels[at - 1] == _TEXT else ""
    if above[:1] == ">":
        return True
    announces = bool(above) and not may_announce(above)
    return announces and (above.endswith(":") or not is_reply)


def _remarkable(lines: list[str], declared: dict[int, str]) -> list[int]:
    """Return the lines, in order, that may be anything but own words; of most mails a few.

    Far down nothing but `>` and what HTML declared is looked for.
    """
    numbers = set(declared).union(header_lines(lines[: _MOST_LINES + 3]))
    marked = [at for at, line in enumerate(lines) if ">" in line and line.lstrip()[:1] == ">"]
    numbers.update(marked, (at + 1 for at in marked if at + 1 < len(lines)))
    return sorted(numbers)


def _below(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _quote_the_rest(lines: list[str], labels: list[str], at: int) -> None:
    """Label everything from here, and the rule that a program drew above it, as quoted."""
    above = at - 1
    while above >= 0 and (not lines[above].strip() or is_rule(lines[above])):
        above -= 1
    labels[above + 1 :] = [_QUOTED] * (len(lines) - above - 1)


def _is_wrapped(lines: list[str], at: int) -> bool:
    """Say whether this line below a quoted one is its tail, which some relay has wrapped."""
    if at == len(lines) - 1:
        return False
    before, after = lines[at - 1], lines[at + 1]
    if not before.lstrip().startswith(">") or not after.lstrip().startswith(">"):
        return False
    return len(before) >= _LONG and lines[at][:1].islower()


def _label_signatures(lines: list[str], labels: list[str]) -> None:
    """Look for a signature in every stretch of own words."""
    at = 0
    while at < len(lines):
        if labels[at] != _TEXT:
            at += 1
            continue
        end = at
        while end < len(lines) and labels[end] == _TEXT:
            end += 1
        begin, stop = find_signature(lines[at:end])
        labels[at + begin : at + stop] = [_SIGNED] * (stop - begin)
        at = end
