"""Says when only a hint goes by a way, while the answer rests in the inbox. Pure, for `reply`.

That is where words are paid for by the SMS: what is too long, what has files, and what may not go
by this account at all (`content: link`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from conversation_store.append.say import say_hint
from conversation_store.authorities import Authority
from conversation_store.reply.choose import Way
from conversation_store.reply.compose import Answer
from hub_contract.channels import CHANNELS, Measure
from hub_contract.errors import Permanent
from hub_contract.refusals import Refusal
from hub_contract.sms_text import count_segments
from hub_contract.words import Channel, ContactKind


@dataclass(frozen=True, slots=True)
class Hints:
    """`has_inbox`: somebody of this conversation reads it in our portal."""

    authority: Authority
    has_inbox: bool

    @classmethod
    def of(cls, authority: Authority, ways: Iterable[Way]) -> "Hints":
        inbox = any(way.verified and way.point.kind is ContactKind.PORTAL for way in ways)
        return cls(authority, inbox and bool(authority.page))

    def may(self, channel: str) -> bool:
        """Say whether a hint can go by this channel in place of an answer."""
        return self.has_inbox and CHANNELS[Channel(channel)].measure is Measure.SEGMENTS

    def is_needed(self, answer: Answer, way: Way) -> bool:
        """Say whether only a hint goes; `Permanent` where it must, and there is no inbox."""
        row, terms = CHANNELS[Channel(way.channel)], self.authority.terms_of(way.account)
        if row.measure is not Measure.SEGMENTS:
            return False
        most = terms.most_segments
        too_long = most is not None and count_segments(answer.text).number > most
        if self.has_inbox:
            large = len(answer.text) > row.longest_text or bool(answer.files)
            return terms.content == "link" or too_long or large
        if terms.content == "link":
            text = "channel: only a link may go there, and there is no inbox; choose another way"
            raise Permanent(text, code=Refusal.NO_INBOX)
        if too_long:
            text = f"text: is too long; this account sends {most} SMS, shorten it"
            raise Permanent(f"{text} or choose another way", code=Refusal.TEXT_TOO_LONG)
        return False

    def write(self, reference: str, language: str) -> str:
        return say_hint(self.authority, reference, language)
