"""Holds what is known of one tenant while a batch goes through, for `look_up` and `assign`.

What the batch itself decides counts at once: its second mail may answer its first.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from conversation_store.append.assign import RECENT, Assignment, Facts
from conversation_store.append.learn import Learnt
from conversation_store.append.read import Incoming, is_doubted
from hub_contract.references import is_channel_reference


def written_by(lookup: str, point: UUID) -> str:
    """Return under which key it is kept that this contact point answers a message."""
    return _beside(lookup, "by", point)


def written_to(lookup: str, point: UUID) -> str:
    """Return under which key it is kept that an answer to a message was addressed to this one."""
    return _beside(lookup, "to", point)


def written_for(lookup: str, point: UUID) -> str:
    """Return under which key a message is kept that was sent on for this contact point."""
    return _beside(lookup, "for", point)


def _beside(lookup: str, role: str, point: UUID) -> str:
    """Both are pseudonyms, which only the hub can make; so is this."""
    return hashlib.blake2b(f"{lookup} {role} {point}".encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class Origin:
    """Who sent an entry, and when by her own clock."""

    sender: UUID | None
    claimed_at: datetime | None


@dataclass(slots=True)
class Ref:
    """Whose message an external id leads to; `mentioned`: that one only answers it."""

    entry_id: UUID
    mentioned: bool


@dataclass(slots=True)
class Known:
    """What is known of one tenant while a batch goes through; it grows with every message."""

    new: Mapping[UUID, str] = field(default_factory=dict)  # contact points: their name look-ups
    learnt: Learnt = field(default_factory=Learnt)  # about the senders of the batch
    refs: dict[str, Ref] = field(default_factory=dict)
    places: dict[UUID, UUID] = field(default_factory=dict)  # entry -> conversation
    origins: dict[UUID, Origin] = field(default_factory=dict)  # by entry
    existing: dict[UUID, UUID] = field(default_factory=dict)  # conversation -> what it is now
    references: dict[str, UUID] = field(default_factory=dict)
    confirmed: set[tuple[UUID, UUID]] = field(default_factory=set)  # conversation, contact point
    claimed: set[tuple[UUID, UUID]] = field(default_factory=set)  # the same, named in a Reply-To
    people: set[tuple[UUID, UUID, str]] = field(default_factory=set)  # and channel
    recent: dict[tuple[UUID, str], list[UUID]] = field(default_factory=lambda: defaultdict(list))
    active: dict[UUID, datetime] = field(default_factory=dict)  # conversation -> last activity
    related: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    namesakes: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    taken_over: list[tuple[str, UUID]] = field(default_factory=list)

    def facts(self, one: Incoming) -> Facts:
        """Return what `assign` needs for this message."""
        answered = self._answered(one)
        referenced, unknown = self._referenced(one)
        token, fault = self._token(one)
        given = self._given(one)
        answered_by, copy_of = self._answered_by(one), self._copy_of(one)
        found = (*answered, *referenced, *filter(None, [token, answered_by, copy_of]))
        sender, channel = one.sender, one.event.channel
        return Facts(
            new_id=one.id,  # a conversation has the id of its first message
            automatic=one.event.automatic,
            token=token,
            token_fault=fault,
            answered=answered,
            answered_by=answered_by,
            copy_of=copy_of,
            common=self._common(one, (*answered, answered_by)),
            referenced=referenced,
            reference_unknown=unknown,
            given=given,
            given_taken=given in self.references,
            known=self._confirmed(sender, found, channel, token),
            shared=one.id in self.learnt.shared,
            doubted=is_doubted(one.content),
            recent=() if one.id in self.learnt.shared | self.learnt.apart else self._recent(one),
            related=self._related(one),
            namesakes=self._namesakes(one),
        )

    def decides(self, one: Incoming) -> bool:
        """Say whether rule 1 speaks already, so that the sender's other threads do not matter."""
        return bool(self._token(one)[0] or self._answered(one))

    def note(self, one: Incoming, assignment: Assignment) -> None:
        """Let the messages behind this one see where it went."""
        conversation_id = self.places[one.id] = assignment.conversation_id
        self.origins[one.id] = Origin(one.sender, one.event.happened_at)
        at = one.event.received_at
        self.active[conversation_id] = max(at, self.active.get(conversation_id, at))
        ref = self.refs.get(one.own)
        if ref and ref.mentioned and ref.entry_id != one.id:
            self.refs[one.own] = Ref(one.id, mentioned=False)
            self.taken_over.append((one.own, one.id))
        if assignment.reference:
            self.references[assignment.reference] = conversation_id
        if one.reply_to:
            self._note_reply_to(one.reply_to.id, assignment)
        if one.sender is None:
            return
        if assignment.verified:
            self.confirmed.add((conversation_id, one.sender))
            self.confirmed.update((conversation_id, found.id) for found in one.reachable)
        if assignment.opens if assignment.new else assignment.reopens:
            self._note_recent(one.sender, one.event.channel, conversation_id)

    def _recent(self, one: Incoming) -> tuple[UUID, ...]:
        if one.sender is None:
            return ()
        since = one.event.received_at - RECENT  # a replay spans months in one batch
        found = self.recent.get((one.sender, one.event.channel), ())
        return tuple(c for c in found if self.active[c] >= since)

    def _note_recent(self, sender: UUID, channel: str, conversation_id: UUID) -> None:
        recent = self.recent[sender, channel]
        if conversation_id not in recent:
            recent.append(conversation_id)

    def _note_reply_to(self, point: UUID, assignment: Assignment) -> None:
        self.related[point].append(assignment.conversation_id)
        if assignment.new and assignment.verified:
            self.claimed.add((assignment.conversation_id, point))

    def _related(self, one: Incoming) -> tuple[UUID, ...]:
        """Return what may be proposed: of a shared address hardly anything, or it would be all."""
        related = list(self.related.get(one.reply_to.id, ())) if one.reply_to else []
        if one.sender and one.id in self.learnt.asks:
            related += self._recent(one)
        if one.sender and (one.id in self.learnt.asks or one.id not in self.learnt.shared):
            related += self.related.get(one.sender, ())
        return tuple(related)

    def _conversation_of(self, lookup: str) -> UUID | None:
        ref = self.refs.get(lookup)
        return self.places.get(ref.entry_id) if ref else None

    def _answered(self, one: Incoming) -> tuple[UUID, ...]:
        """Return where the messages are that it answers, and answers that its sender knows of."""
        found = (
            self._in_common(lookup, one) if ref.mentioned else self.places.get(ref.entry_id)
            for lookup, ref in self._refs_of(one.answers)
        )
        return tuple(dict.fromkeys(filter(None, found)))

    def is_missing(self, lookup: str) -> bool:
        """Say whether this message has not come in, though another one answers it."""
        ref = self.refs.get(lookup)
        return ref is not None and ref.mentioned

    def _refs_of(self, lookups: Iterable[str]) -> list[tuple[str, Ref]]:
        return [(lookup, self.refs[lookup]) for lookup in lookups if lookup in self.refs]

    def _answered_by(self, one: Incoming) -> UUID | None:
        ref = self.refs.get(one.own)
        return self._in_common(one.own, one) if ref and ref.mentioned else None

    def _in_common(self, lookup: str, one: Incoming) -> UUID | None:
        """Return where an answer to this message is that its sender wrote, or that she got."""
        if one.sender is None or one.id in self.learnt.shared:
            return None
        keys = written_by(lookup, one.sender), written_to(lookup, one.sender)
        return next(filter(None, map(self._conversation_of, keys)), None)

    def _common(self, one: Incoming, joined: Iterable[UUID | None]) -> tuple[UUID, ...]:
        """Return where strangers answer the message that this one answers, or is."""
        refs = self._refs_of((*one.answers, one.own))
        found = (self.places.get(ref.entry_id) for _, ref in refs if ref.mentioned)
        return tuple(c for c in dict.fromkeys(filter(None, found)) if c not in joined)

    def _copy_of(self, one: Incoming) -> UUID | None:
        """Find the same mail, in another mailbox of ours or as a list has sent it on.

        Some mailers give all mails one id: so who wrote and her clock must agree, too.
        """
        ref = self.refs.get(one.own)
        if ref is None or ref.mentioned or one.sender is None:
            return None
        at = one.event.happened_at
        writers = [one.reply_to.id] if one.reply_to else []
        if at or one.id not in self.learnt.shared:  # two of a form without a clock may be any two
            writers.append(one.sender)
        sent_on = (self.refs.get(written_for(one.own, writer)) for writer in writers)
        entries = [ref.entry_id] if self._is_by(ref.entry_id, writers) else []
        entries += [found.entry_id for found in sent_on if found and found.entry_id in self.origins]
        return next((self.places[e] for e in entries if self.origins[e].claimed_at == at), None)

    def _is_by(self, entry_id: UUID, writers: Collection[UUID]) -> bool:
        origin = self.origins.get(entry_id)
        return origin is not None and origin.sender in writers

    def _given(self, one: Incoming) -> str:
        given = one.content.reference if one.content else ""
        return given if given and is_channel_reference(given) else ""

    def _namesakes(self, one: Incoming) -> tuple[UUID, ...]:
        """Return who calls herself the same; that she named herself is no question."""
        own = {found.id for found in one.reachable}
        who = one.reply_to.id if one.reply_to and one.id in self.learnt.shared else one.sender
        namesakes = self.namesakes.get(who, ()) if who else ()
        return tuple(other for other in namesakes if other not in own)

    def _referenced(self, one: Incoming) -> tuple[tuple[UUID, ...], bool]:
        digits = one.content.references if one.content else ()
        own = one.content.reference if one.content else ""
        found = [self.references.get(d) for d in digits if d != own]
        return tuple(dict.fromkeys(filter(None, found))), any(c is None for c in found)

    def _token(self, one: Incoming) -> tuple[UUID | None, str]:
        if one.token.conversation_id is None:
            return None, one.token.fault
        conversation_id = self.existing.get(one.token.conversation_id)
        return conversation_id, "" if conversation_id else "unknown"

    def _confirmed(
        self, sender: UUID | None, found: Iterable[UUID], channel: str, token: UUID | None
    ) -> frozenset[UUID]:
        """Who has got our mail where a Reply-To named her, and answers it, is who was meant."""
        if sender is None:
            return frozenset()
        if token and (token, sender) in self.claimed:
            return frozenset([token])
        candidates = (*found, *self.recent.get((sender, channel), ()))
        return frozenset(c for c in candidates if (c, sender) in self.confirmed)
