"""Read plain-text bodies: charset, wrapped lines, files written into the text."""

from channel_email.parse.attachments import File, safe_name
from channel_email.parse.decode import clean, to_text
from channel_email.parse.mime import Part
from channel_email.parse.transfer import find_uu, is_base64
from hub_contract.problems import Problem, ProblemCode
from hub_kit.files import type_of


def read_text(part: Part, data: bytes) -> tuple[str, list[File], Problem | None]:
    """Return the text of a leaf with these bytes, the files uuencoded in it, what is odd."""
    files: list[File] = []
    if b"begin " in data:
        data, files = _without_uu(data)
    charset = part.params.get("charset", "")
    text, sure = to_text(data, charset)
    text = clean(text)
    if part.params.get("format", "").lower() == "flowed":
        text = unflow(text, delete_space=part.params.get("delsp", "").lower() == "yes")
    return text, files, None if sure else charset_problem(charset)


def text_content(part: Part) -> bytes:
    """Return decoded bytes; what says base64 and is plainly not is taken as it stands."""
    if part.headers.raw(b"content-transfer-encoding")[:6].lower() == b"base64":
        encoded = part.encoded()
        if not is_base64(encoded):
            return encoded
    return part.content()


def charset_problem(charset: str) -> Problem:
    if charset:
        return Problem(code=ProblemCode.CHARSET_WRONG, about=clean(charset)[:40])
    return Problem(code=ProblemCode.CHARSET_MISSING)


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the lines that a mailer wrapped (RFC 3676): those that end with a blank."""
    lines: list[list[str]] = []
    open_depth = -1  # depth of quotation of a line that goes on, or -1
    for line in text.split("\n"):
        body = line.lstrip(">")
        depth = len(line) - len(body)
        body = body.removeprefix(" ")  # space-stuffing
        flows = body.endswith(" ") and body != "-- "
        shown = body[:-1] if flows and delete_space else body
        if depth == open_depth and body != "-- ":
            lines[-1].append(shown)
        else:
            lines.append([">" * depth + (" " if depth else ""), shown])
        open_depth = depth if flows else -1
    return "\n".join(map("".join, lines))


def _without_uu(data: bytes) -> tuple[bytes, list[File]]:
    files, kept, position = [], [], 0
    for start, end, name, content in find_uu(data):
        kept.append(data[position:start])
        position = end
        name_read = safe_name(to_text(name)[0])
        files.append(File(name_read, type_of(content, name_read), content))
    return b"".join([*kept, data[position:]]), files
