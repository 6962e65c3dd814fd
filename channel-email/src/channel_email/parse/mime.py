"""Read a mail into its tree of parts, for everyone who looks inside.

Python's own parser goes line by line and raises on real mails; this one cuts at the boundaries
by searching bytes, copies nothing, and has an answer to every input.

Rule 1. The boundary of the outer part always cuts, even where an inner part never ends.
Rule 2. A boundary that is missing, blank or wrong is looked for in the body.
Rule 3. What is nested too deep, or comes after too many parts, stays together as one file.
Rule 4. Each level is searched for its own boundary, so a hostile nest would be searched a hundred
        times: all searches together have a budget in proportion to the mail.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from channel_email.parse.fields import Field, read_disposition, read_token, read_type
from channel_email.parse.headers import Headers, read_headers
from channel_email.parse.limits import DEPTH, PARAMETERS, PARTS, SEARCHED
from channel_email.parse.transfer import undo
from hub_contract.problems import Problem, ProblemCode

_INK = re.compile(rb"[^ \t\r\n\x0b\x0c]")
_WORDS = re.compile(rb"[^ \t\r\n\x00\x1a-]")
_CANDIDATE = 256  # bytes that could be searched in the time that one boundary takes to look at
_GUESS = re.compile(
    rb"(?:^|\n)--([^\r\n]{1,200}+)\r?\n(?=(?:Content-|MIME-)[!-9;-~]++:)", re.IGNORECASE
)
_HTML = re.compile(rb"<(?:html|body|br|p|div|table)\b[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part; its body is `raw[start:end]`, still encoded. `parts` are empty in a leaf."""

    raw: bytes
    start: int
    end: int
    headers: Headers
    media_type: str
    params: dict[str, str]
    disposition: Field
    parts: "tuple[Part, ...]" = ()
    problems: tuple[Problem, ...] = ()

    def encoded(self) -> bytes:
        return self.raw[self.start : self.end]

    def content(self) -> bytes:
        """Return the decoded bytes."""
        return undo(self.encoded(), read_token(self.headers.raw(b"content-transfer-encoding")))

    def walk(self) -> "Iterator[Part]":
        yield self
        for part in self.parts:
            yield from part.walk()


def read_tree(raw: bytes, *, depth: int = 0, parts: int = 0) -> Part:
    """Return the root part of a mail. Never raises.

    Of one that lay in another, `depth` says how deep, and `parts` how many had been read before.
    """
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    return _Reader(raw, depth, parts).read(0, len(raw), depth, "text/plain")


class _Reader:
    """Counts the parts of one mail while it is read."""

    def __init__(self, raw: bytes, top: int, parts: int) -> None:
        self.raw = raw
        self.parts = parts
        self._top = top
        self._charset = ""  # the first one that a text of the mail names
        self._budget = SEARCHED * len(raw) + 1024 * 1024

    def read(self, start: int, end: int, depth: int, default: str) -> Part:
        headers, body = read_headers(self.raw, start, end, whole_mail=depth == self._top)
        self.parts += 1
        said = read_type(headers.raw(b"content-type"), self._charset)
        self._charset = self._charset or said.params.get("charset", "")
        kind = said.value or self._guess_type(headers, body, end, default)
        problems = list(headers.problems)
        children: tuple[Part, ...] = ()
        if kind.startswith("multipart/"):
            if depth >= DEPTH or end - body > self._budget:
                problems.append(Problem(code=ProblemCode.NESTED_TOO_DEEP))
            else:
                children, problem = self._children(body, end, depth, kind, said.params)
                problems += [problem] if problem else []
                if not children:
                    kind = "text/plain"
        disposition = read_disposition(headers.raw(b"content-disposition"), self._charset)
        if said.is_cut or disposition.is_cut:
            problems.append(Problem(code=ProblemCode.TOO_MANY_PARAMETERS, about=f"{PARAMETERS}"))
        found = tuple(problems)
        if self._charset:
            headers = replace(headers, charset=self._charset)
        return Part(self.raw, body, end, headers, kind, said.params, disposition, children, found)

    def _guess_type(self, headers: Headers, start: int, end: int, default: str) -> str:
        if b"content-type" in headers and _HTML.search(self.raw, start, min(end, start + 4096)):
            return "text/html"
        return default

    def _children(
        self, start: int, end: int, depth: int, kind: str, params: dict[str, str]
    ) -> tuple[tuple[Part, ...], Problem | None]:
        boundary = params.get("boundary", "").encode("utf-8", "replace")
        ranges, is_whole = self._cut(start, end, boundary) if boundary else ([], True)
        problem: Problem | None = None
        if ranges and self._has_epilogue(ranges[-1][1], end, boundary):
            problem = Problem(code=ProblemCode.AFTER_THE_END)
        if not ranges:
            guess = _GUESS.search(self.raw, max(start - 1, 0), end)
            guessed = guess[1].rstrip(b" \t") if guess else b""
            ranges, is_whole = self._cut(start, end, guessed) if guessed else ([], True)
            code = ProblemCode.BOUNDARY_GUESSED if ranges else ProblemCode.BOUNDARY_MISSING
            problem = Problem(code=code)
        default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        parts: list[Part] = []
        for number, (first, last) in enumerate(ranges):
            ends = number + 1 == len(ranges)
            if (self.parts >= PARTS and not ends) or (ends and not is_whole):
                parts.append(self._rest(first, end if not is_whole else ranges[-1][1]))
                problem = Problem(code=ProblemCode.TOO_MANY_PARTS, about=str(PARTS))
                break
            parts.append(self.read(first, last, depth + 1, default))
        return tuple(parts), problem

    def _has_epilogue(self, start: int, end: int, boundary: bytes) -> bool:
        after = self.raw.find(b"\n", start + len(boundary) + 2, end)
        return after >= 0 and _WORDS.search(self.raw, after, end) is not None

    def _rest(self, start: int, end: int) -> Part:
        kind = "application/octet-stream"
        return Part(self.raw, start, end, Headers(), kind, {}, Field("attachment", {}))

    def _cut(self, start: int, end: int, boundary: bytes) -> tuple[list[tuple[int, int]], bool]:
        """Return where the parts between the boundary lines begin and end, and if these are all."""
        raw, mark = self.raw, b"--" + boundary
        ranges: list[tuple[int, int]] = []
        begin = -1
        self._budget -= end - start
        at = raw.find(mark, start, end)
        while at >= 0:
            after = at + len(mark)
            if at == start or raw[at - 1] in b"\r\n":
                line_end = raw.find(b"\n", after, end)
                line_end = end if line_end < 0 else line_end
                rest = raw[after : min(line_end, after + _CANDIDATE)].strip()
                closes = rest.startswith(b"--")
                if closes or not rest:
                    if begin >= 0:
                        ranges.append((begin, _without_line_end(raw, begin, at)))
                    # Text after the last boundary is no part, but another one there makes one.
                    begin = -1 if closes else min(line_end + 1, end)
                after = max(after, min(line_end, end))
            self._budget -= _CANDIDATE
            if len(ranges) > PARTS or self._budget < 0:
                return [*ranges, (begin, end)] if begin >= 0 else ranges, False
            at = raw.find(mark, after, end)
        if begin >= 0 and (begin < end or not ranges):
            ranges.append((begin, end))
        if len(ranges) > 1 and not _INK.search(raw, *ranges[-1]):
            ranges.pop()  # the last boundary lacks its dashes
        return ranges, True


def _without_line_end(raw: bytes, begin: int, at: int) -> int:
    """Return where a part ends: the line end before a boundary belongs to the boundary."""
    if at > begin and raw[at - 1] == 10:
        at -= 1
    if at > begin and raw[at - 1] == 13:
        at -= 1
    return at
