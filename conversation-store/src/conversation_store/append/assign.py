"""Decides which conversation a message belongs to, and why: pure, total, for `append`.

Rule 1. Our own reply address, or a message that it answers: that conversation. A message that never
        came in here joins only who wrote, or was written to, in both that answer it.
Rule 2. A valid reference, and the sender is known in that conversation: that conversation.
Rule 3. A valid reference, sender unknown: that conversation, marked unverified. Nothing is
        disclosed to the new address until an agent or a one-time code confirms it.
Rule 4. Exactly one open conversation of this contact point in the last 30 days, same channel;
        never by an address that many people write by.
Rule 5. Otherwise a new one, with proposals for the agent: same person? same concern?
        Where its channel has told the sender a reference already, at once: it must lead there.

Machines get rules 1, 2 and 5 only: a portal's sender address stands for many citizens, and a
vacation reply must neither reopen a conversation nor stand in the queue.

All rows of it, with examples: docs/assign.md.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from hub_contract.explanations import Explanation
from hub_contract.words import Automatic

RECENT = timedelta(days=30)
_MOST_PROPOSALS = 5


class Facts(NamedTuple):
    """What is known when a message comes; every conversation in it is one of its tenant."""

    new_id: UUID  # of the conversation that rule 5 would make
    automatic: Automatic = Automatic.NO
    token: UUID | None = None  # where a valid reply token leads
    token_fault: str = ""  # forged, expired, unknown
    answered: tuple[UUID, ...] = ()  # conversations of the messages it answers, nearest first
    answered_by: UUID | None = None  # the conversation of one that answers it and came earlier
    copy_of: UUID | None = None  # where the same message went, to another account or by a list
    common: tuple[UUID, ...] = ()  # of strangers, who answer the same message that never came in
    referenced: tuple[UUID, ...] = ()  # by reference, in order of appearance
    reference_unknown: bool = False  # a valid reference that we never gave out
    given: str = ""  # the reference of its own that its channel has given out for it
    given_taken: bool = False  # which leads to another conversation
    known: frozenset[UUID] = frozenset()  # where the sender is a confirmed contact point
    shared: bool = False  # many people write by the sender's address: it says nothing about who
    doubted: bool = False  # a check says that somebody else has written, so nothing is confirmed
    recent: tuple[UUID, ...] = ()  # open ones of this contact point; two are as good as more
    related: tuple[UUID, ...] = ()  # others of this contact point: closed, older, other channel
    namesakes: tuple[UUID, ...] = ()  # contact points whose owner calls herself the same


class Proposal(NamedTuple):
    """A question for the agent; `other` is a conversation, or of `same_person` a contact point."""

    kind: str  # same_concern, same_person
    other: UUID
    reason: Explanation


class Assignment(NamedTuple):
    conversation_id: UUID
    rule: int
    reason: Explanation
    verified: bool  # False: the sender is not confirmed in this conversation
    marks: tuple[Explanation, ...] = ()  # what was odd about it
    proposals: tuple[Proposal, ...] = ()
    reopens: bool = True
    opens: bool = True  # of a new conversation: False puts it beside the queue
    reference: str = ""  # of a new conversation, where its channel has given it out
    wish: bool = False  # said in one word and answered by rule: nobody waits for an agent

    @property
    def new(self) -> bool:
        return self.rule == 5

    def by_rule(self) -> "Assignment":
        """Return the same for a wish that is answered by rule."""
        marks = (*self.marks, Explanation.ANSWERED_BY_RULE)
        return self._replace(marks=marks, reopens=False, opens=False, wish=True, proposals=())


def assign(facts: Facts) -> Assignment:
    """Return where the message belongs; every set of facts has exactly one answer."""
    rule, reason, conversation_id = _find(facts)
    new = rule == 5
    verified = not facts.doubted and (new or conversation_id in _known(facts))
    return Assignment(
        conversation_id=conversation_id,
        rule=rule,
        reason=reason,
        verified=verified,
        marks=_marks(facts, unknown_sender=not verified),
        proposals=_propose(facts, conversation_id, new=new),
        reopens=facts.automatic is Automatic.NO,
        opens=facts.automatic not in (Automatic.REPLY, Automatic.BOUNCE),
        reference="" if facts.given_taken else facts.given,
    )


def _find(facts: Facts) -> tuple[int, Explanation, UUID]:
    return next(_answers(facts))


def _answers(facts: Facts) -> Iterator[tuple[int, Explanation, UUID]]:
    """Yield what the rules say, the first one first; the last one always says something."""
    if facts.given:
        yield 5, Explanation.NEW_GIVEN, facts.new_id
    if facts.token:
        yield 1, Explanation.TOKEN, facts.token
    if facts.answered:
        yield 1, Explanation.ANSWERS, facts.answered[0]
    if facts.answered_by:
        yield 1, Explanation.ANSWERED_BY, facts.answered_by
    if facts.copy_of:
        yield 1, Explanation.COPY, facts.copy_of
    known = _known(facts)
    yield from ((2, Explanation.REFERENCE_KNOWN, c) for c in facts.referenced if c in known)
    if facts.automatic is not Automatic.NO:
        yield 5, Explanation.NEW_AUTOMATIC, facts.new_id
    if facts.referenced:
        yield 3, Explanation.REFERENCE_UNVERIFIED, facts.referenced[0]
    if facts.shared:
        yield 5, Explanation.NEW_SHARED, facts.new_id
    if len(facts.recent) == 1:
        yield 4, Explanation.ONLY_OPEN, facts.recent[0]
    new = Explanation.NEW_SEVERAL_OPEN if facts.recent else Explanation.NEW
    yield 5, new, facts.new_id


def _known(facts: Facts) -> frozenset[UUID]:
    """Return where the sender is known; who may be anybody is known nowhere."""
    return frozenset() if facts.doubted or facts.shared else facts.known


def _marks(facts: Facts, *, unknown_sender: bool) -> tuple[Explanation, ...]:
    marks = []
    if facts.token_fault:
        marks.append(Explanation(f"token_{facts.token_fault}"))
    if facts.reference_unknown:
        marks.append(Explanation.REFERENCE_UNKNOWN)
    if facts.given_taken:
        marks.append(Explanation.REFERENCE_TAKEN)
    if facts.shared:
        marks.append(Explanation.SENDER_SHARED)
    if unknown_sender:
        marks.append(Explanation.SENDER_UNKNOWN)
    return tuple(marks)


def _propose(facts: Facts, chosen: UUID, *, new: bool) -> tuple[Proposal, ...]:
    """Ask about what else the message named, and of a new conversation what it may belong to."""
    named = (*facts.answered, *filter(None, [facts.answered_by]), *facts.referenced, *facts.common)
    proposals = [Proposal("same_concern", c, Explanation.NAMED) for c in _others(named, chosen)]
    if new and facts.automatic is Automatic.NO:
        same_sender = _others((*facts.recent, *facts.related), chosen, *named)
        proposals += [Proposal("same_concern", c, Explanation.SAME_SENDER) for c in same_sender]
        proposals += [Proposal("same_person", p, Explanation.SAME_NAME) for p in facts.namesakes]
    return tuple(proposals[:_MOST_PROPOSALS])


def _others(found: Iterable[UUID], *not_these: UUID) -> list[UUID]:
    return [c for c in dict.fromkeys(found) if c not in not_these]
