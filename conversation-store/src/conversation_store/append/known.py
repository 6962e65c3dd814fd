"""Holds what is known of one tenant while a batch goes through, for `look_up` and `assign`.

What the batch itself decides counts at once: its second mail may answer its first.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from conversation_store.append.assign import RECENT, Assignment, Facts
from conversation_store.append.read import Incoming
from hub_contract.references import is_channel_reference

# What DMARC may say of a sender who is who he seems, or whose domain says nothing about it.
_UNDOUBTED = frozenset({"pass", "none"})


@dataclass(slots=True)
class Ref:
    """Whose message an external id leads to; `mentioned`: that one only answers it."""

    entry_id: UUID
    mentioned: bool


@dataclass(slots=True)
class Known:
    """What is known of one tenant while a batch goes through; it grows with every message."""

    refs: dict[str, Ref] = field(default_factory=dict)
    places: dict[UUID, UUID] = field(default_factory=dict)  # entry -> conversation
    origins: dict[UUID, tuple[UUID | None, str]] = field(default_factory=dict)  # sender, account
    existing: dict[UUID, UUID] = field(default_factory=dict)  # conversation -> what it is now
    references: dict[str, UUID] = field(default_factory=dict)
    confirmed: set[tuple[UUID, UUID]] = field(default_factory=set)  # conversation, contact point
    people: set[tuple[UUID, UUID, str]] = field(default_factory=set)  # and channel
    recent: dict[tuple[UUID, str], list[UUID]] = field(default_factory=lambda: defaultdict(list))
    active: dict[UUID, datetime] = field(default_factory=dict)  # conversation -> last activity
    related: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    namesakes: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    taken_over: list[tuple[str, UUID]] = field(default_factory=list)

    def facts(self, one: Incoming) -> Facts:
        """Return what `assign` needs for this message."""
        answered = tuple(dict.fromkeys(filter(None, map(self._conversation_of, one.answers))))
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
            referenced=referenced,
            reference_unknown=unknown,
            given=given,
            given_taken=given in self.references,
            known=self._confirmed(sender, found, channel),
            doubted=_doubted(one),
            recent=self._recent(one),
            related=tuple(self.related.get(sender, ())) if sender else (),
            namesakes=self._namesakes(one),
        )

    def decides(self, one: Incoming) -> bool:
        """Say whether rule 1 speaks already, so that the sender's other threads do not matter."""
        return bool(self._token(one)[0]) or any(map(self._conversation_of, one.answers))

    def note(self, one: Incoming, assignment: Assignment) -> None:
        """Let the messages behind this one see where it went."""
        conversation_id = self.places[one.id] = assignment.conversation_id
        self.origins[one.id] = one.sender, one.event.account
        at = one.event.received_at
        self.active[conversation_id] = max(at, self.active.get(conversation_id, at))
        ref = self.refs.get(one.own)
        if ref and ref.mentioned and ref.entry_id != one.id:
            self.refs[one.own] = Ref(one.id, mentioned=False)
            self.taken_over.append((one.own, one.id))
        if assignment.reference:
            self.references[assignment.reference] = conversation_id
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

    def _conversation_of(self, lookup: str) -> UUID | None:
        ref = self.refs.get(lookup)
        return self.places.get(ref.entry_id) if ref else None

    def _answered_by(self, one: Incoming) -> UUID | None:
        ref = self.refs.get(one.own)
        return self.places.get(ref.entry_id) if ref and ref.mentioned else None

    def _copy_of(self, one: Incoming) -> UUID | None:
        """Find the same mail in another mailbox of ours; some mailers give all mails one id."""
        ref = self.refs.get(one.own)
        if ref is None or ref.mentioned or one.sender is None:
            return None
        sender, account = self.origins.get(ref.entry_id, (None, ""))
        same = sender == one.sender and account != one.event.account
        return self.places.get(ref.entry_id) if same else None

    def _given(self, one: Incoming) -> str:
        given = one.content.reference if one.content else ""
        return given if given and is_channel_reference(given) else ""

    def _namesakes(self, one: Incoming) -> tuple[UUID, ...]:
        """Return who calls herself the same; that she named herself is no question."""
        if one.sender is None or one.sender not in self.namesakes:
            return ()
        own = {found.id for found in one.reachable}
        return tuple(other for other in self.namesakes[one.sender] if other not in own)

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
        self, sender: UUID | None, found: Iterable[UUID], channel: str
    ) -> frozenset[UUID]:
        if sender is None:
            return frozenset()
        candidates = (*found, *self.recent.get((sender, channel), ()))
        return frozenset(c for c in candidates if (c, sender) in self.confirmed)


def _doubted(one: Incoming) -> bool:
    """Say whether the sender may be forged: a check failed, or could not be brought to an end."""
    proofs = one.content.evidence if one.content else ()
    return any(proof.kind == "dmarc" and proof.result not in _UNDOUBTED for proof in proofs)
