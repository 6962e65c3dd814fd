"""Gather from the tree what a person sees: text, HTML and files, in order, nothing left out.

Every leaf ends up in exactly one place: shown as text, shown as HTML, or in the list of files.
Of alternatives (RFC 2046 §5.1.4) both the plain and the HTML form are kept. Of a file in which a
mail lies (smime.p7m, winmail.dat) both the file and what is in it are there, each box within the
same bounds as the mail itself.
"""

from channel_email.parse import html as pages
from channel_email.parse import protect
from channel_email.parse.attachments import File, file_name_of, read_file
from channel_email.parse.calendar import is_calendar, read_calendar
from channel_email.parse.cms import is_cms, open_cms
from channel_email.parse.decode import clean, is_binary, to_text
from channel_email.parse.fields import read_type
from channel_email.parse.gathered import Gathered, Words
from channel_email.parse.headers import Headers, read_headers
from channel_email.parse.limits import APPOINTMENTS, CALENDAR, DEPTH, OPENED, PARTS, TEXT
from channel_email.parse.mime import Part, read_tree
from channel_email.parse.pictures import point_to
from channel_email.parse.stub import is_stub
from channel_email.parse.text import charset_problem, read_text, text_content
from channel_email.parse.tnef import TNEF_TYPES, is_tnef, open_tnef
from hub_contract.problems import Problem, ProblemCode
from hub_kit.files import ending, type_of

_SHOWN = ("text/plain", "text/html")
_FEW = 5  # stretches: a stub beside a page, not in the midst of many texts
_HTML_TOO_LARGE = Problem(code=ProblemCode.HTML_TOO_LARGE)


def gather(root: Part) -> Gathered:
    """Return everything in the tree that can be seen. Never raises."""
    gathered = Gathered(opening=OPENED * len(root.raw), parts=sum(1 for _ in root.walk()))
    gathered.words = _without_stubs(_walk(root, gathered, 0, alone=not root.parts))
    if not any(w.plain.strip() or w.html for w in gathered.words):
        # Outlook puts its text beside the box as well, mostly; only where it did not, it counts.
        gathered.words = gathered.boxed
    if not gathered.words:
        _promote(root, gathered)
    _point_to_pictures(gathered)
    gathered.problems = list(dict.fromkeys(gathered.problems))
    gathered.evidence = list(dict.fromkeys(gathered.evidence))
    return gathered


def _without_stubs(words: list[Words]) -> list[Words]:
    """Return what has words; plain text that only speaks about the HTML yields to it."""
    words = [w for w in words if w.plain.strip() or w.html]
    page = "\n".join(w.html for w in words if w.html) if len(words) <= _FEW else ""
    kept = [w for w in words if w.html or not page or not is_stub(w.plain, page)]
    return [Words("", w.html) if w.html and is_stub(w.plain, w.html) else w for w in kept]


def _point_to_pictures(out: Gathered) -> None:
    located = {f.location: f.content_id for f in out.files if f.location}
    if located:
        out.words = [Words(w.plain, point_to(w.html, located)) for w in out.words]


def _walk(part: Part, out: Gathered, depth: int, *, alone: bool = False) -> list[Words]:
    out.problems += part.problems
    _note(protect.in_part(part), out)
    if part.parts:
        words = [w for child in part.parts for w in _walk(child, out, depth + 1)]
        return _alternatives(words) if part.media_type == "multipart/alternative" else words
    if part.media_type in _SHOWN and _is_shown(part, alone=alone):
        data = text_content(part)
        if not is_binary(data, part.params.get("charset", "")):
            return [_read_words(part, data, out)]
        out.problems.append(Problem(code=ProblemCode.TEXT_IS_BINARY))
    return _keep_file(part, out, depth)


def _is_shown(part: Part, *, alone: bool) -> bool:
    if part.disposition.value == "attachment":
        return False
    return alone or not file_name_of(part)


def _alternatives(words: list[Words]) -> list[Words]:
    """Join the forms of one text; without both forms they are not alternatives at all."""
    plain = [w.plain for w in words if w.plain.strip()]
    html = [w.html for w in words if w.html]
    return [Words("\n\n".join(plain), "\n".join(html))] if plain and html else words


def _read_words(part: Part, data: bytes, out: Gathered) -> Words:
    if part.media_type == "text/html":
        declared = part.params.get("charset", "")
        markup, sure, charset = pages.read_html(data, declared)
        if not sure:
            out.problems.append(charset_problem(charset))
        return _sane_words(clean(markup), part, out)
    if is_long := len(data) > out.room:
        # Cut between lines, where nothing else of it is known.
        end = data.rfind(b"\n", 0, out.room) + 1 or out.room
        out.files.append(read_file(part))
        out.problems.append(Problem(code=ProblemCode.TEXT_TOO_LONG, about=f"{TEXT}"))
        data = data[:end]
    text, files, problem = read_text(part, data)
    out.room = 0 if is_long else out.room - len(text)
    out.files += files
    out.problems += [problem] if problem else []
    _note(protect.in_text(text), out)
    return Words(plain=text)


def _sane_words(markup: str, part: Part, out: Gathered) -> Words:
    _note(protect.in_text(markup), out)
    problem = pages.fault_of(markup) if len(markup) <= out.room else _HTML_TOO_LARGE
    if problem is None:
        out.room -= len(markup)
        return Words(html=markup)
    out.problems.append(problem)
    out.files.append(read_file(part))
    rough = pages.tidy(pages.rough_text(markup[: out.room]))
    out.room -= min(len(markup), out.room)
    return Words(plain=rough)


def _keep_file(part: Part, out: Gathered, depth: int) -> list[Words]:
    """Keep a leaf as a file, and return the words that lie in it."""
    if part.media_type.startswith("multipart/"):  # nested too deep: kept as it stands
        out.files.append(File("rest.eml", part.media_type, part.encoded()))
        return []
    file = read_file(part)
    out.files.append(file)
    if file.media_type in TNEF_TYPES or is_tnef(file.content):
        opened = open_tnef(file.content)
        out.files += opened.files[: max(PARTS - len(out.files), 0)]
        out.problems += opened.problems
        if opened.text or opened.html:
            out.boxed.append(_boxed(opened.text, opened.html, out))
    elif is_cms(file.media_type, file.name):
        return _open_cms(part, file, out, depth)
    elif file.media_type == "message/rfc822" and _is_signed_mail(file.content):
        return _open_mail(file.content, out, depth)  # hardly anybody's program opens it
    elif is_calendar(file.media_type, file.name):
        text, _ = to_text(file.content[: 4 * CALENDAR], part.params.get("charset", ""))
        found = read_calendar(text, part.params.get("method", ""))
        new = [one for one in found if one not in out.appointments]
        out.appointments += new[: max(APPOINTMENTS - len(out.appointments), 0)]
    else:
        _note(protect.in_file(file.name, file.content), out)
    return []


def _is_signed_mail(mail: bytes) -> bool:
    said = read_type(_headers_of(mail).raw(b"content-type"))
    return is_cms(said.value, said.params.get("name", ""))


def _headers_of(mail: bytes) -> Headers:
    return read_headers(mail, 0, len(mail), whole_mail=True)[0]


def _boxed(text: str, markup: str, out: Gathered) -> Words:
    """Return the words of a winmail.dat, within what is left; the box itself has all of them."""
    problem = pages.fault_of(markup) if len(markup) <= out.room else _HTML_TOO_LARGE
    if problem:
        out.problems.append(problem)
        text, markup = text or pages.tidy(pages.rough_text(markup[: out.room])), ""
    text = text[: out.room]
    out.room = max(out.room - len(text) - len(markup), 0)
    return Words(text, markup)


def _open_cms(part: Part, file: File, out: Gathered, depth: int) -> list[Words]:
    """Return the words of a mail that is signed as a whole; its parts become parts of this one.

    What is signed by itself (»Bescheid.pdf.p7m«) is a file.
    """
    opened = open_cms(file.content, out.opening)
    _note(protect.in_cms(part, opened), out)
    content = opened.content
    if not content:
        return []
    inside = file.name[: -len(".p7m")] if file.name.lower().endswith(".p7m") else ""
    if ending(inside) and not _headers_of(content).fields:
        out.files.append(File(inside, type_of(content, inside), content))
        return []
    return _open_mail(content, out, depth)


def _open_mail(raw: bytes, out: Gathered, depth: int) -> list[Words]:
    """Walk through a mail that lies in this one, within what is left to this one."""
    if len(raw) > out.opening or depth >= DEPTH or out.parts >= PARTS:
        out.problems.append(Problem(code=ProblemCode.NESTED_TOO_DEEP))
        return []
    out.opening -= len(raw)
    root = read_tree(raw, depth=depth + 1, parts=out.parts)
    out.parts += sum(1 for _ in root.walk())
    if root.media_type == "message/rfc822":  # the whole mail again, so that its header is signed
        out.problems += root.problems
        return _open_mail(root.content(), out, depth + 1)
    return _walk(root, out, depth + 1, alone=not root.parts)


def _note(found: protect.Found, out: Gathered) -> None:
    evidence, problems = found
    out.evidence += evidence
    out.problems += problems


def _promote(root: Part, out: Gathered) -> None:
    """Show the first text file of a mail that has nothing else to show; it stays a file too.

    Else the first mail that it hands on, unless it is a report about that mail.
    """
    for part in root.walk():
        shown = part.media_type in _SHOWN and not part.parts and part.disposition.value == "inline"
        if shown and part.encoded().strip():
            out.words.append(_read_words(part, text_content(part), out))
            return
    if root.media_type == "multipart/report":
        return
    for part in root.walk():
        if part.media_type == "message/rfc822":
            _show_forwarded(part, out)
            return


def _show_forwarded(part: Part, out: Gathered) -> None:
    """Show the words of a mail that is handed on; its own files are in it, and stay there."""
    inner = Gathered(room=out.room, opening=out.opening, parts=out.parts)
    out.words = _without_stubs(_open_mail(part.content(), inner, 1))
    if out.words or inner.evidence:
        _note((tuple(inner.evidence), tuple(inner.problems)), out)
