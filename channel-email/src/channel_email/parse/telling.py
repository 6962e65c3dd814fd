"""Find in the text of a bounce the words that say why, among those that say only that it is one.

A line with the answer of a server is best; else the first paragraph that tells a reason; what is
nothing but an introduction (Exim, qmail, GMX, Postfix all have one) only where nothing follows.
"""

import re

from channel_email.parse.reasons import says_why

_LONGEST = 8_000  # characters of a peer's own words
_MOST = 60  # paragraphs of them that are looked at
_COPY = re.compile(
    r"(?im)^[- \t>*=#]*+(?:below (?:this|the next) line is a copy|(?:this|included) is a copy of"
    r"|original message (?:headers|follows|attached|-)|original message[ \t]*+$"
    r"|ursprüngliche (?:nachrichten)?kopfzeilen|kopfzeilen der nachricht"
    r"|(?:the )?(?:message )?headers? (?:of the original message )?(?:is |are )?follow"
    r"|(?:the )?header of the (?:original|source)|a copy of (?:the original|your) message"
    r"|returned (?:message|mail)(?: follows)?[- :]*+$|start of returned message"
    r"|(?:unsent|old|forwarded) message|message text follows|your message reads"
    r"|here is (?:your returned|a copy)"
    r"|(?:return-path|received|dkim-signature|authentication-results|arc-seal|x-[\w-]{1,40}):[ \t])"
)
_ANSWER = re.compile(
    r"(?m)^.{0,200}?(?:(?:^|[\s>'\"(\[:#=])[45][0-5]\d[- ]\(?#?[45]\.\d\.\d{1,3}\b"
    r"|(?:^|[:>'\"#=(\[]|said|replied|returned|answered|antwortete|was|error|response|status)"
    r"[ \t]{0,9}[45][0-5]\d[- ][^\d\s+-])"
)
_PARAGRAPH = re.compile(r"\n[ \t]*+\n")
_INTRODUCES = 80  # characters of a line that only introduces what follows: "Reason:"
_OPENING = re.compile(
    r"(?i)[\W_]*+(?:(?:hi|hello|hallo|dear|sehr geehrte|guten tag|sorry)\b"
    r"|(?:this|dies\w{0,3})(?: \S{1,30}){0,3} (?:is|was|ist|wurde)\b"
    r"|(?:a|the|your|ihre|die|eine) (?:message|mail|e-?mail|nachricht)\b"
    r"|(?:i'm|i am|we|it|an|unfortunately|leider|please|bitte|if you"
    r"|for further|delivery (?:to|has))\b)"
)


def own_words(plain: str) -> str:
    """Return what the peer says, without the copy of our mail that it puts below."""
    copy = _COPY.search(plain, 1)
    return (plain[: copy.start()] if copy else plain)[:_LONGEST]


def telling_words(own: str) -> str:
    """Return the paragraph, in one line, that tells most about why."""
    if match := _ANSWER.search(own):
        end = _PARAGRAPH.search(own, match.end())
        return _one_line(own[match.start() : end.start() if end else None])
    parts = _paragraphs(own)
    told = next(filter(says_why, parts), "")
    return told or next(filter(_is_more_than_opening, parts), "".join(parts[:1]))


def _is_more_than_opening(part: str) -> bool:
    return " " in part and _OPENING.match(part) is None


def _paragraphs(own: str) -> list[str]:
    """Return the paragraphs, each in one line; "Reason:" is one with what it introduces."""
    parts: list[str] = []
    for block in _PARAGRAPH.split(own, _MOST)[:_MOST]:
        part = _one_line(block)
        if parts and parts[-1].endswith(":") and len(parts[-1]) <= _INTRODUCES:
            parts[-1] += f" {part}"
        elif part:
            parts.append(part)
    return parts


def _one_line(text: str) -> str:
    return " ".join(text.split())
