"""Whatever citizens send and agents rearrange, in any order: nothing lost, doubled, or astray."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conversation_store.change import Change, change
from conversation_store.rearrange.merge import merge, move, split, undo
from conversation_store.wait import read_waiting
from hub_contract.errors import Permanent
from hub_contract.words import Automatic
from hub_kit.database import transaction
from hub_kit.tokens import Caller

TOWNS = count(1)
NUMBER = st.integers(0, 30)
MESSAGE = st.tuples(
    st.just("message"),
    st.sampled_from(["a@example.org", "b@example.org", "c@example.org"]),
    st.sampled_from([Automatic.NO, Automatic.NO, Automatic.REPLY]),
    st.sampled_from(["", "answers", "answers later", "reference", "token"]),
    NUMBER,
)
BATCH = st.tuples(st.just("batch"), st.lists(MESSAGE, min_size=1, max_size=5))
OPERATIONS = st.one_of(
    BATCH,
    BATCH,
    st.tuples(st.just("again"), NUMBER),
    st.tuples(st.just("merge"), NUMBER, NUMBER),
    st.tuples(st.just("split"), NUMBER),
    st.tuples(st.just("move"), NUMBER, NUMBER),
    st.tuples(st.just("undo")),
    st.tuples(st.just("change"), NUMBER, st.sampled_from(["open", "closed"])),
)


@dataclass
class Town:
    """One tenant of the world, and what has happened in it."""

    world: object
    tenant: str
    sent: list = field(default_factory=list)
    batches: list = field(default_factory=list)
    done: list = field(default_factory=list)

    @property
    def caller(self) -> Caller:
        return Caller("agent-7", self.tenant, "agent")

    async def rows(self, table: str, order: str = "1"):
        sql = f"select * from conversation_store.{table} where tenant = $1 order by {order}"
        return await self.world.owner.fetch(sql, self.tenant)

    async def pick(self, table: str, number: int):
        rows = await self.rows(table, "opened_at, id" if table == "conversation" else "at, id")
        return rows[number % len(rows)] if rows else None

    async def batch(self, messages) -> None:
        self.batches.append([await self._message(*m[1:]) for m in messages])
        self.sent += [m.event.id for m in self.batches[-1]]
        await self.world.take_in(*self.batches[-1])

    async def _message(self, sender, automatic, link, number):
        more = {"event": {"automatic": automatic}}
        here = f"<{self.tenant}.{len(self.sent)}.{number}>"
        found = await self.pick("conversation", number)
        if link.startswith("answers"):
            ahead = 3 if link == "answers later" else 0
            more["answers"] = (f"<{self.tenant}.{max(0, len(self.sent) - 1 + ahead)}.{number}>",)
        elif link == "reference" and found:
            more["references"] = (found["reference"],)
        elif link == "token" and found:
            at = found["opened_at"]
            more["reply_token"] = self.world.store.signer.make(self.tenant, found["id"], at)
        return self.world.mail(sender, tenant=self.tenant, external_id=here, **more)

    async def again(self, number: int) -> None:
        if self.batches:
            await self.world.take_in(*self.batches[number % len(self.batches)])

    async def merge(self, one: int, other: int) -> None:
        source, target = (
            await self.pick("conversation", one),
            await self.pick("conversation", other),
        )
        if source and target:
            await self._try(merge, self.world.ground.pool, source["id"], target["id"])

    async def split(self, number: int) -> None:
        entry = await self.pick("entry", number)
        if entry:
            await self._try(split, self.world.ground, entry["conversation_id"], [entry["id"]])

    async def move(self, one: int, other: int) -> None:
        entry, target = await self.pick("entry", one), await self.pick("conversation", other)
        if entry and target:
            await self._try(move, self.world.ground, entry["id"], target["id"])

    async def change(self, number: int, state: str) -> None:
        found = await self.pick("conversation", number)
        if found and found["state"] != "merged":
            await change(self.world.ground, self.caller, found["id"], Change(state=state))

    async def undo(self) -> None:
        if self.done:
            await undo(self.world.ground.pool, self.caller, self.done.pop())

    async def _try(self, work, where, *arguments) -> None:
        try:
            result = await work(where, self.caller, *arguments)
        except Permanent:
            return
        self.done.append(result.rearrangement_id)

    async def check(self) -> None:
        entries = await self.rows("entry", "conversation_id, place")
        conversations = {c["id"]: c for c in await self.rows("conversation")}
        people = {
            (p["conversation_id"], p["contact_point_id"]): p for p in await self.rows("participant")
        }
        messages = [e for e in entries if e["kind"] != "change"]
        assert sorted(e["id"] for e in messages) == sorted(set(self.sent))
        for one in conversations.values():
            own = [e for e in entries if e["conversation_id"] == one["id"]]
            assert one["entry_count"] == len(own)
            assert one["next_place"] > max((e["place"] for e in own), default=0)
            assert one["unread"] >= 0
            assert (one["state"] == "merged") == (one["merged_into"] is not None)
            if one["merged_into"]:
                assert own == []
                assert conversations[one["merged_into"]]["state"] != "merged"
            elif said := [e["at"] for e in own if e["kind"] != "change"]:
                assert one["last_at"] == max(said)
            own_people = [p for (c, _), p in people.items() if c == one["id"]]
            assert {p["open"] for p in own_people} <= {one["state"] == "open"}
        for entry in messages:
            assert (entry["conversation_id"], entry["contact_point_id"]) in people
        await self._check_queue(conversations.values())
        digits = {r["digits"]: r["conversation_id"] for r in await self.rows("reference")}
        assert digits == {c["reference"]: c["id"] for c in conversations.values()}

    async def _check_queue(self, conversations) -> None:
        """What was counted and noted on the way is what counting and looking again would find."""
        ids = [one["id"] for one in conversations]
        async with transaction(self.world.ground.pool, self.tenant) as connection:
            since = await read_waiting(connection, self.tenant, ids)
        counted = Counter()
        for one in conversations:
            waits = one["state"] in {"open", "snoozed"}
            assert one["waiting_since"] == (since[one["id"]] if waits else None)
            waiting = one["waiting_since"] is not None
            counted[one["state"], one["assignee"] or "", waiting] += 1
        notes = Counter()
        for row in await self.rows("tally"):
            notes[row["state"], row["assignee"], row["waiting"]] += row["n"]
        assert {key: n for key, n in notes.items() if n} == counted


# A mail moved to a conversation that a machine began, and that was closed from the start, waits once
# that one opens: by a mail, or by an agent.
HERS = ("message", "a@example.org", Automatic.NO, "", 0)
MACHINES = ("message", "a@example.org", Automatic.REPLY, "", 0)
BY_REFERENCE = ("message", "a@example.org", Automatic.NO, "reference", 1)
BEGINNING = [("batch", [HERS, HERS, MACHINES]), ("move", 0, 1)]


@example(operations=[*BEGINNING, ("batch", [BY_REFERENCE])])
@example(operations=[*BEGINNING, ("change", 1, "open")])
@settings(suppress_health_check=list(HealthCheck), max_examples=4 * settings().max_examples // 10)
@given(operations=st.lists(OPERATIONS, min_size=3, max_size=14))
async def test_the_invariants_hold(world, operations):
    town = Town(world, f"town-{next(TOWNS)}")
    for name, *arguments in operations:
        await getattr(town, name)(*arguments)
        await town.check()
    order = await town.rows("entry", "conversation_id, place")
    while town.done:
        await town.undo()
        await town.check()
    assert len(order) == len(await town.rows("entry"))
