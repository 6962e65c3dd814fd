"""Find where a header block ends and what its fields say, for mails and their parts.

Real headers are broken: continuation lines without a blank, a line of a log or a mailbox before the
first field, no empty line before the body. What is no field belongs to the field before it, as long
as fields of a mail follow that were not there yet, or to the body; it never disappears.
"""

import re
from dataclasses import dataclass, field

from channel_email.parse.addresses import read_addresses
from channel_email.parse.decode import charset_for, clean, to_text
from channel_email.parse.limits import FIELD, FIELDS, HEADER_BLOCK
from channel_email.parse.words import decode_words
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import ContactPoint

_CLUTTER = re.compile(rb"[ \t\r\n\x00]*+")
_MBOX_LINE = re.compile(rb">?From (?![ \t]*:)[^\r\n]*\r?\n")
# An address, an encoded word or a link that has lost the blank before it is no name of a field.
_FIELD = re.compile(rb"(?![<=(\"])[!-9;-~]{1,100}[ \t]*:")
_STRAY_BLANK = re.compile(rb"\n[ \t]+\r?\n(?![!-9;-~]+[ \t]*:|[ \t])")
_MOST_MBOX_LINES = 3
_PARAMETER = re.compile(rb"[A-Za-z0-9*-]+=")
_MAIL_FIELDS = frozenset(
    b"from to cc subject date received message-id content-type mime-version return-path"
    b" delivered-to sender reply-to content-transfer-encoding x-mailer".split()
)
# What is below a broken line is still the header where one of these comes, or one that people write
# into texts as well and that was not there yet: below a text without an empty line before it too
# somebody else's From and Subject may stand.
_SURELY = re.compile(
    rb"(?:x|arc|dkim|list|content|mime|authentication|delivered|return|resent|thread)-"
    rb"|(?:received|message-id|in-reply-to|references|auto-submitted)(?:-|$)"
)
_PERHAPS = frozenset(b"from to cc bcc subject date sender reply-to".split())
# Other names of one word. Behind a subject any other is a word of it: "Bescheid: zweite Mahnung".
_ONE_WORD = frozenset(
    b"approved autocrypt comments conversation distribution encoding encrypted expires importance"
    b" keywords language lines newsgroups openpgp organisation organization path precedence"
    b" preference priority received references sensitivity status supersedes xref".split()
)
_NO_NAMES = frozenset(b"aw re wg fw fwd antwort http https mailto tel".split())
# Lines that are none of the mail's before its first two fields: of a log, a mailbox, a dialogue.
_NAMED = (
    rb"(?:From|To|Cc|Subject|Date|Sender|(?:X|Received|Return|Message|MIME|Content|Delivered"
    rb"|Reply|DKIM|ARC|List|Authentication|Envelope)(?:-[!-9;-~]{1,60}+)?)[ \t]*+:"
)
_STRAY_LINES = re.compile(
    rb"(?![!-9;-~]{1,100}+[ \t]*+:)(?:[^\n]*+\n){1,5}?"
    rb"(?=%b[^\n]*+\n(?:[ \t][^\n]*+\n)*+%b)" % (_NAMED, _NAMED),
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one block, raw and unfolded, under their names in lower case.

    What was read of a field is kept: several ask for the same one.
    """

    fields: dict[bytes, list[bytes]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    charset: str = ""  # of the mail's text: a field that is not encoded has the same
    _texts: dict[bytes, tuple[str, ...]] = field(default_factory=dict, init=False, compare=False)
    _people: dict[bytes, tuple[ContactPoint, ...]] = field(
        default_factory=dict, init=False, compare=False
    )
    _words: dict[bytes, str] = field(default_factory=dict, init=False, compare=False)

    def raw(self, name: bytes) -> bytes:
        values = self.fields.get(name)
        return values[0] if values else b""

    def text(self, name: bytes) -> str:
        """Return the first value of that name as text, encoded words still encoded."""
        return next(iter(self.texts(name)), "")

    def texts(self, name: bytes) -> tuple[str, ...]:
        if name not in self.fields:
            return ()
        if name not in self._texts:
            self._texts[name] = tuple(map(self._text, self.fields[name]))
        return self._texts[name]

    def words(self, name: bytes) -> str:
        """Return the first value of that name as a person reads it."""
        if name not in self._words:
            self._words[name] = decode_words(self.text(name))
        return self._words[name]

    def people(self, name: bytes) -> tuple[ContactPoint, ...]:
        """Return the contact points in all values of that name."""
        if name not in self._people:
            self._people[name] = read_addresses(self.texts(name))
        return self._people[name]

    def _text(self, value: bytes) -> str:
        return to_text(value, charset_for(value, self.charset))[0].strip()

    def __contains__(self, name: bytes) -> bool:
        return name in self.fields


def read_headers(
    raw: bytes, start: int, end: int, *, whole_mail: bool = False
) -> tuple[Headers, int]:
    """Return the fields in `raw[start:end]` and where the body begins."""
    begin = _skip_clutter(raw, start, end) if whole_mail else start
    if raw.startswith((b"\n", b"\r\n"), begin) and begin < end:
        return Headers(), raw.index(b"\n", begin) + 1
    stop, body = _block_end(raw, begin, end)
    read = _Fields()
    rest = read.read(raw[begin : min(stop, begin + HEADER_BLOCK)])
    if whole_mail and not _MAIL_FIELDS & read.lines.keys():
        return Headers(), start  # no mail header at all: all of it is what somebody wrote
    if rest < 0 and stop > begin + HEADER_BLOCK:
        read.leave_out(ProblemCode.HEADER_TOO_LARGE, f"{HEADER_BLOCK // 1024**2} MB")
    return read.joined(), body if rest < 0 else begin + rest


def _skip_clutter(raw: bytes, start: int, end: int) -> int:
    """Return where the header really begins: after blank lines, mbox lines and a few others."""
    for _ in range(_MOST_MBOX_LINES):
        if blank := _CLUTTER.match(raw, start, end):
            start = blank.end()
        if mbox := _MBOX_LINE.match(raw, start, end):
            start = mbox.end()
    stray = _STRAY_LINES.match(raw, start, min(end, start + HEADER_BLOCK))
    return stray.end() if stray else start


def _block_end(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the end of the block and the start of the body."""
    crlf = raw.find(b"\r\n\r\n", start, end)
    bare = raw.find(b"\n\n", start, crlf if crlf >= 0 else end)
    if bare >= 0:
        stop, body = bare + 1, bare + 2
    elif crlf >= 0:
        stop, body = crlf + 2, crlf + 4
    else:
        stop = body = end
    # Some gateways leave blanks on the empty line.
    if stray := _STRAY_BLANK.search(raw, start, stop):
        return stray.start() + 1, stray.end()
    return stop, body


class _Fields:
    """Collects the lines of each field; they are joined once, at the end."""

    def __init__(self) -> None:
        self.lines: dict[bytes, list[list[bytes]]] = {}
        self._last: list[bytes] | None = None
        self._name, self._size, self._count = b"", 0, 0
        self._problems: dict[Problem, None] = {}

    def read(self, block: bytes) -> int:
        """Return where the body begins inside the block, or -1 where it does not."""
        lines = block.split(b"\n")
        begin, add = self._begin, self._add
        if len(block) <= FIELD and len(lines) <= FIELDS:  # nothing can be too long or too many
            begin, add = self._begin_short, self._add_short
        offset, last = 0, b""
        known: dict[bytes, int] | None = None
        for number, line in enumerate(lines):
            if line[:1] in (b" ", b"\t") and self._last is not None:
                add(line.strip())
            elif (name := _name_of(line)) and not _is_word(name, last):
                begin(name, line.partition(b":")[2].strip())
                last = name
            elif line.strip():
                if self._last is None or line.startswith(b"--"):
                    return offset
                known = _last_known(lines) if known is None else known
                if not (_continues(self._last[-1], line) or self._goes_on(known, number, lines)):
                    return offset
                add(line.strip())
            offset += len(line) + 1
        return -1

    def _goes_on(self, known: dict[bytes, int], number: int, lines: list[bytes]) -> bool:
        """Say whether the header goes on below this line."""
        if any(last > number and name not in self.lines for name, last in known.items()):
            return True
        if number + 1 < len(lines) and _name_of(lines[number + 1]):
            return True
        encoding = self.lines.get(b"content-transfer-encoding", [[b""]])[0][0]
        return encoding[:6].lower() == b"base64" and b" " in lines[number].strip()

    def _begin_short(self, name: bytes, value: bytes) -> None:
        self._last = [value]
        self.lines.setdefault(name, []).append(self._last)

    def _add_short(self, piece: bytes) -> None:
        assert self._last is not None
        self._last.append(piece)

    def joined(self) -> Headers:
        fields = {name: [b" ".join(one) for one in all_] for name, all_ in self.lines.items()}
        return Headers(fields, tuple(self._problems))

    def leave_out(self, code: ProblemCode, about: str) -> None:
        self._problems[Problem(code=code, about=about)] = None

    def _begin(self, name: bytes, value: bytes) -> None:
        self._name, self._size, self._last = name, 0, []
        self._count += 1
        if self._count > FIELDS:
            if self._count == FIELDS + 1:
                self.leave_out(ProblemCode.HEADER_TOO_LARGE, f"{FIELDS}")
            self._last = [b""]  # belongs to nothing, so what continues it does neither
            self._size = FIELD + 2
        else:
            self.lines.setdefault(name, []).append(self._last)
            self._add(value)

    def _add(self, piece: bytes) -> None:
        assert self._last is not None
        room = FIELD - self._size
        self._size += len(piece) + 1
        if len(piece) <= room:
            self._last.append(piece)
            return
        if room > 0:
            self._last.append(piece[:room])
        if room >= -1:  # the first piece that is left out of this field
            name = clean(self._name.decode("ascii", "replace"))
            self.leave_out(ProblemCode.HEADER_CUT, name[:40])


def _name_of(line: bytes) -> bytes:
    match = _FIELD.match(line)
    return match.group()[:-1].strip().lower() if match else b""


def _is_word(name: bytes, last: bytes) -> bool:
    """Say whether what looks like a name is a word of the field before it."""
    if name in _NO_NAMES:
        return True
    known = b"-" in name or name in _PERHAPS or name in _ONE_WORD
    return last == b"subject" and not known


def _last_known(lines: list[bytes]) -> dict[bytes, int]:
    """Return where the fields that show a header stand last; those that surely do as one."""
    found: dict[bytes, int] = {}
    for number, line in enumerate(lines):
        name = _name_of(line)
        if name in _PERHAPS:
            found[name] = number
        elif _SURELY.match(name):
            found[b""] = number
    return found


def _continues(before: bytes, line: bytes) -> bool:
    """Say whether a line that is no field belongs to the field before it, not to the body."""
    return before.endswith((b";", b",")) or _PARAMETER.match(line) is not None
