"""Find where a header block ends and what its fields say, for mails and their parts.

Real headers are broken: continuation lines without a blank, a blank before the first field,
no empty line before the body. What is no field belongs to the field before it or to the body;
it never disappears.
"""

import re
from dataclasses import dataclass, field

from channel_email.parse.decode import to_text

_MBOX_LINE = re.compile(rb">?From (?![ \t]*:)[^\r\n]*\r?\n")
_FIELD = re.compile(rb"[!-9;-~]{1,100}[ \t]*:")
_STRAY_BLANK = re.compile(rb"\n[ \t]+\r?\n(?![!-9;-~]+[ \t]*:|[ \t])")
_PARAMETER = re.compile(rb"[A-Za-z0-9*-]+=")
_MAIL_FIELDS = frozenset(
    b"from to cc subject date received message-id content-type mime-version return-path"
    b" delivered-to sender reply-to content-transfer-encoding x-mailer".split()
)
_LONGEST = 32_768  # bytes of one field that are looked at


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one block, raw and unfolded, under their names in lower case."""

    fields: dict[bytes, list[bytes]] = field(default_factory=dict)

    def raw(self, name: bytes) -> bytes:
        values = self.fields.get(name)
        return values[0] if values else b""

    def text(self, name: bytes) -> str:
        """Return the first value of that name as text, encoded words still encoded."""
        return to_text(self.raw(name))[0].strip()

    def texts(self, name: bytes) -> list[str]:
        return [to_text(value)[0].strip() for value in self.fields.get(name, ())]

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
    fields: dict[bytes, list[bytes]] = {}
    rest = _read_fields(raw[begin:stop], fields)
    if whole_mail and not _MAIL_FIELDS & fields.keys():
        return Headers(), start  # no mail header at all: all of it is what somebody wrote
    return Headers(fields), body if rest < 0 else begin + rest


def _skip_clutter(raw: bytes, start: int, end: int) -> int:
    """Return where the header really begins: after blank lines and an mbox line."""
    while start < end and raw[start] in b" \t\r\n\x00":
        start += 1
    if mbox := _MBOX_LINE.match(raw, start, end):
        start = mbox.end()
    return start


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


def _read_fields(block: bytes, fields: dict[bytes, list[bytes]]) -> int:
    """Fill `fields`; return where the body begins inside the block, or -1 where it does not."""
    lines = block.split(b"\n")
    last: list[bytes] | None = None
    offset = 0
    for number, line in enumerate(lines):
        if line[:1] in (b" ", b"\t") and last is not None:
            last[-1] += b" " + line.strip()
        elif match := _FIELD.match(line):
            name = match.group()[:-1].strip().lower()
            last = fields.setdefault(name, [])
            last.append(line[match.end() :].strip()[:_LONGEST])
        elif line.strip():
            following = lines[number + 1] if number + 1 < len(lines) else b""
            if last is None or not _continues(last[-1], line, following):
                return offset
            last[-1] += b" " + line.strip()
        offset += len(line) + 1
    return -1


def _continues(before: bytes, line: bytes, following: bytes) -> bool:
    """Say whether a line that is no field belongs to the field before it, not to the body."""
    if line.startswith(b"--"):
        return False
    return (
        before.endswith((b";", b","))
        or _PARAMETER.match(line) is not None
        or _FIELD.match(following) is not None
    )
