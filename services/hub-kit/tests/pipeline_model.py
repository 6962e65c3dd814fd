"""The pipeline as a model: every interleaving of three events, with crashes anywhere, looked at.

It documents the design (accept, event_log, relay, bus, consume), and shows for each of its rules
what is lost, doubled or reordered without it: `python pipeline_model.py` tells the stories.

Rule 1. A peer sends an event again until it hears yes; the next one of its key only after that.
Rule 2. An id is derived from facts: sent twice, it is the same id, and the log takes it once.
Rule 3. Yes is said after the commit.
Rule 4. A transaction takes its xid first, a row's seq later, and is seen at its commit. The relay
        reads by (xid, seq), below the oldest xid that still runs.
Rule 5. One relay sends in order, and moves its cursor once the broker has all that it read.
Rule 6. The store writes the timeline and its offset in one transaction, each id once.
Rule 7. An event that fails parks its key: what follows waits behind it until it is replayed.
Fault.  At any moment the receiver, the relay or the store forgets all that is not committed; or
        an event fails. One in a run, or as many as the first argument of the script says.
Claims. What was said yes to is in the timeline or on its way there (else "lost"), exactly once
        ("doubled"), in order per key ("order"); and all of it arrives in the end ("stuck").

Only what can still matter is part of a state: no row behind a cursor, no record behind an offset,
and a new number is one more than the highest in sight. So states are few, and none is left out.
"""

import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

EVENTS = ("a1", "a2", "b1")  # the letter is the key, and has a partition of its own
BEFORE = {"a1": frozenset(), "a2": frozenset({"a1"}), "b1": frozenset()}
KEYS = ("a", "b")
BATCH = 2

Row = tuple[int, int, str]  # xid, seq (0: not inserted yet), id (with "#seq" if not derived)
Pair = tuple[tuple[str, ...], tuple[str, ...]]  # something for each key


@dataclass(frozen=True)
class Design:
    """The design as it is; each mistake takes one rule away."""

    yes_after_commit: bool = True
    below_horizon: bool = True
    cursor_after_broker: bool = True
    offset_with_timeline: bool = True
    unique_in_timeline: bool = True
    derived_id: bool = True
    park_the_key: bool = True  # else: a retry topic
    one_relay: bool = True  # else: two, each taking the rows that the other has not locked
    send_in_order: bool = True


class Batch(NamedTuple):
    """What a relay holds in memory."""

    unsent: tuple[Row, ...] = ()
    read: tuple[Row, ...] = ()


class State(NamedTuple):
    running: tuple[Row, ...] = ()  # the receiver's transactions, by xid
    unsaid: frozenset[str] = frozenset()  # committed, the peer has not heard yes yet
    yes: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()  # the log's unique index
    log: tuple[Row, ...] = ()  # its rows ahead of the cursor
    cursor: tuple[int, int] = (0, 0)
    relays: tuple[Batch, ...] = (Batch(),)
    broker: Pair = ((), ())  # from the store's offset on
    hands: tuple[str, str] = ("", "")  # what the store holds in memory
    parked: Pair = ((), ())
    timeline: Pair = ((), ())
    faults: int = 1


Step = tuple[str, State]
Ways = dict[State, Step | None]  # how each state was first reached


def put(group: tuple[Any, ...], place: int, value: Any) -> Any:
    return (*group[:place], value, *group[place + 1 :])


def receiver(s: State, d: Design) -> Iterator[Step]:
    """Rules 1 to 3: begin, insert, commit, yes."""
    busy = s.yes | s.unsaid | {name[:2] for _, _, name in s.running}
    for event in EVENTS:
        if event not in busy and BEFORE[event] <= s.yes:
            begun = (*s.running, (highest(s, 0) + 1, 0, event))
            yield f"begin {event}", s._replace(running=begun)
    for place, row in enumerate(s.running):
        others = s.running[:place] + s.running[place + 1 :]
        if row[1]:
            yield f"commit {row[2]}", commit(s._replace(running=others), d, row)
        elif row[2] in s.kept:
            unsaid = s.unsaid | {row[2]}
            yield f"{row[2]} stands already", s._replace(running=others, unsaid=unsaid)
        else:
            seq = highest(s, 1) + 1
            given = (row[0], seq, row[2] if d.derived_id else f"{row[2]}#{seq}")
            yes = s.yes if d.yes_after_commit else s.yes | {row[2]}
            running = put(s.running, place, given)
            yield f"insert {row[2]}", s._replace(running=running, yes=yes)
    for event in s.unsaid:
        yield f"yes to {event}", s._replace(yes=s.yes | {event}, unsaid=s.unsaid - {event})


def highest(s: State, place: Literal[0, 1]) -> int:
    return max(s.cursor[place], *(row[place] for row in (*s.running, *s.log)), 0)


def commit(s: State, d: Design, row: Row) -> State:
    unsaid = s.unsaid | {row[2][:2]} if d.yes_after_commit else s.unsaid
    return ahead(s._replace(log=(*s.log, row), kept=s.kept | {row[2]}, unsaid=unsaid), d)


def ahead(s: State, d: Design) -> State:
    """Leave out the rows behind the cursor; the others in the order in which they are read."""
    if not d.below_horizon:
        later = sorted((row for row in s.log if row[1] > s.cursor[1]), key=lambda row: row[1])
    else:
        later = sorted(row for row in s.log if row[:2] > s.cursor)
    return s._replace(log=tuple(later))


def relay(s: State, d: Design) -> Iterator[Step]:
    """Rules 4 and 5: read, send, move the cursor."""
    for place, (unsent, read) in enumerate(s.relays):
        if not read:
            rows = readable(s, d)
            if rows:
                taken = s._replace(relays=put(s.relays, place, Batch(rows, rows)))
                yield "relay reads", taken if d.cursor_after_broker else move(taken, d, rows)
        elif unsent:
            for row in unsent[:1] if d.send_in_order else unsent:
                left = Batch(tuple(other for other in unsent if other != row), read)
                sent = s._replace(relays=put(s.relays, place, left))
                yield f"relay sends {row[2]}", publish(sent, row[2])
        else:
            idle = s._replace(relays=put(s.relays, place, Batch()))
            yield "cursor moves", move(idle, d, read) if d.cursor_after_broker else idle


def readable(s: State, d: Design) -> tuple[Row, ...]:
    locked = {row for batch in s.relays for row in batch.read}
    horizon = min((row[0] for row in s.running), default=highest(s, 0) + 1)
    rows = [row for row in s.log if row[0] < horizon or not d.below_horizon]
    return tuple([row for row in rows if row not in locked][:BATCH])


def move(s: State, d: Design, read: tuple[Row, ...]) -> State:
    if d.one_relay:
        return ahead(s._replace(cursor=read[-1][:2]), d)
    return s._replace(log=tuple(row for row in s.log if row not in read))  # marked row by row


def publish(s: State, name: str) -> State:
    key = KEYS.index(name[0])
    return s._replace(broker=put(s.broker, key, (*s.broker[key], name)))


def store(s: State, d: Design) -> Iterator[Step]:
    """Rules 6 and 7: write or set aside, replay."""
    for key in range(len(KEYS)):
        if s.hands[key]:
            yield from handle(s._replace(hands=put(s.hands, key, "")), d, key, s.hands[key])
        elif s.broker[key]:
            name, *rest = s.broker[key]
            offset_moved = s._replace(broker=put(s.broker, key, tuple(rest)))
            if d.offset_with_timeline:
                yield from handle(offset_moved, d, key, name)
            else:
                held = offset_moved._replace(hands=put(s.hands, key, name))
                yield f"offset moves past {name}", held
        if s.parked[key]:
            name, *rest = s.parked[key]
            replayed = s._replace(parked=put(s.parked, key, tuple(rest)))
            yield f"replay {name}", write(replayed, d, key, name)


def handle(s: State, d: Design, key: int, name: str) -> Iterator[Step]:
    aside = s._replace(parked=put(s.parked, key, (*s.parked[key], name)))
    if s.parked[key] and d.park_the_key:
        yield f"{name} waits behind its key", aside
        return
    yield f"store writes {name}", write(s, d, key, name)
    if s.faults:
        yield f"{name} fails", aside._replace(faults=s.faults - 1)


def write(s: State, d: Design, key: int, name: str) -> State:
    if d.unique_in_timeline and name in s.timeline[key]:
        return s
    return s._replace(timeline=put(s.timeline, key, (*s.timeline[key], name)))


def crashes(s: State) -> Iterator[Step]:
    """Every process may forget what it has not committed, at any moment."""
    left = s._replace(faults=s.faults - 1)
    if s.running or s.unsaid:
        yield "receiver dies", left._replace(running=(), unsaid=frozenset())
    for place, batch in enumerate(s.relays):
        if batch.read:
            yield "relay dies", left._replace(relays=put(s.relays, place, Batch()))
    if any(s.hands):
        yield "store dies", left._replace(hands=("", ""))


def violated(s: State) -> str:
    """Name the claim that does not hold in this state, if any."""
    rows = (*s.running, *s.log, *(row for batch in s.relays for row in batch.unsent))
    on_the_way = {row[2][:2] for row in rows}
    for key, timeline in enumerate(s.timeline):
        shown = [name[:2] for name in timeline]
        if len(shown) > len(set(shown)):
            return "doubled"
        if shown != sorted(shown):
            return "order"
        waiting = (*s.broker[key], s.hands[key], *s.parked[key], *timeline)
        on_the_way.update(name[:2] for name in waiting)
    return "" if s.yes <= on_the_way else "lost"


@dataclass(frozen=True)
class Finding:
    violated: str
    story: tuple[str, ...]  # the shortest way there
    states: int
    steps: frozenset[str]  # all that ever happened


def explore(d: Design, faults: int = 1) -> Finding:
    """Look at every state that can be reached, nearest first, until a claim is violated."""
    start = State(faults=faults, relays=(Batch(),) if d.one_relay else (Batch(), Batch()))
    came_from: Ways = {start: None}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        forward = [*receiver(state, d), *relay(state, d), *store(state, d)]
        wrong = violated(state)
        if not forward and sum(map(len, state.timeline)) < len(EVENTS):
            wrong = wrong or "stuck"
        if wrong:
            return finding(wrong, state, came_from)
        for step, then in (*forward, *(crashes(state) if state.faults else ())):
            if then not in came_from:
                came_from[then] = (step, state)
                waiting.append(then)
    return finding("", start, came_from)


def finding(wrong: str, state: State, came_from: Ways) -> Finding:
    story: list[str] = []
    while came := came_from[state]:
        step, state = came
        story.insert(0, step)
    steps = frozenset(came[0] for came in came_from.values() if came)
    return Finding(wrong, tuple(story), len(came_from), steps)


MISTAKES = {
    "yes before the commit": (Design(yes_after_commit=False), "lost"),
    "cursor without horizon": (Design(below_horizon=False), "lost"),
    "cursor before the broker's yes": (Design(cursor_after_broker=False), "lost"),
    "offset before the timeline": (Design(offset_with_timeline=False), "lost"),
    "no unique key in the timeline": (Design(unique_in_timeline=False), "doubled"),
    "no id from the provider's": (Design(derived_id=False), "doubled"),
    "a retry topic": (Design(park_the_key=False), "order"),
    "parallel relays by SKIP LOCKED": (Design(one_relay=False), "order"),
    "a relay without order per key": (Design(send_in_order=False), "order"),
}


def report(faults: int) -> Iterator[str]:
    found = explore(Design(), faults)
    yield f"the design: {found.states:,} states, {found.violated or 'every claim holds'}"
    for mistake, (planted, _) in MISTAKES.items():
        found = explore(planted)
        yield f"\n{mistake}: {found.violated}, found after {found.states:,} states"
        yield from (f"  {step}" for step in found.story)


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        sys.stdout.write(line + "\n")
