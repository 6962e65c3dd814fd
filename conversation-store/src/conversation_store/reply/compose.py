"""Composes what an answer says beside its text: recipient, subject, thread. Pure, for `reply`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conversation_store.reply.choose import Target, Way
from hub_contract.channels import CHANNELS
from hub_contract.events import RequestedContent
from hub_contract.words import Attachment, Channel

_MOST_ANSWERS = 20
_PREFIXES = re.compile(
    r"^(?:\s*+(?:re|aw|antw|antwort|sv|fwd?|wg)\s*+(?:\[\d++\]\s*+)?:)++\s*+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class File:
    file_name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller wants to be sent; what is left out is chosen from the conversation."""

    text: str
    html: str = ""
    subject: str = ""
    wish: Target = field(default_factory=Target)
    files: tuple[File, ...] = ()
    automatic: bool = False
    author_name: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation that is answered; `inbound` are opened contents, the latest first."""

    reference: str
    reply_token: str
    inbound: Sequence[tuple[str, Mapping[str, Any]]]  # channel, content

    @property
    def language(self) -> str:
        """What the citizen chose; empty: nothing."""
        return language_of(content for _, content in self.inbound)


def compose(
    answer: Answer, way: Way, thread: Thread, attachments: tuple[Attachment, ...], hint: str = ""
) -> RequestedContent:
    """Return the content of the request."""
    same_channel = [content for channel, content in thread.inbound if channel == way.channel]
    # Who wrote by form and is answered by mail knows the subject of the form.
    contents = (*same_channel, *(content for _, content in thread.inbound))
    subject = answer.subject or subject_of([c.get("subject", "") for c in contents])
    return RequestedContent(
        recipient=way.point,
        subject=subject if CHANNELS[Channel(way.channel)].subject else "",
        text=answer.text,
        html=answer.html,
        answers=answers_of(same_channel),
        reply_token=thread.reply_token,
        reference=thread.reference,
        language=thread.language,
        author=answer.author_name,
        attachments=attachments,
        hint=hint,
    )


def language_of(contents: Iterable[Mapping[str, Any]]) -> str:
    """Return what a citizen chose last; empty: nothing."""
    return next(filter(None, (str(one.get("language", "")) for one in contents)), "")


def subject_of(subjects: Sequence[str]) -> str:
    """Return the subject of an answer: that of the latest message, with one `Re:` before it."""
    latest = next((s for s in subjects if s.strip()), "")
    bare = _PREFIXES.sub("", latest).strip()
    return f"Re: {bare}" if bare else ""


def answers_of(contents: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the external ids that an answer names, nearest first.

    That is the latest message, what it answers itself, and the messages before it.
    """
    ids: list[str] = []
    for number, content in enumerate(contents):
        ids.append(content.get("external_id", ""))
        if number == 0:
            ids += content.get("answers", ())
    return tuple(dict.fromkeys(filter(None, ids)))[:_MOST_ANSWERS]
