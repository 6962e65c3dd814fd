"""In by SMPP: parts in any order, more than once, killed between; nothing is lost or doubled."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_sms.providers.smpp_codes import LATER, OK
from channel_sms.providers.smpp_pdu import UDHI, Address, Command, Message, Pdu, read_message
from channel_sms.providers.smpp_text import header
from channel_sms.receive.parts import Came, Known, PartStore, choose
from hub_contract.errors import Permanent
from hub_contract.words import Keyword
from hub_kit import set_aside
from hub_kit.database import open_pool

ERIKA = "+491715550101"
FROM, TO = Address("491715550101"), Address("4971112399")
LONG = ("Sehr geehrte Damen und Herren, " * 12).strip()
HERE, THERE = UUID(int=1), UUID(int=2)  # two connections


def deliver(text: bytes, esm_class: int = 0) -> Pdu:
    return Pdu(Command.DELIVER_SM, 0, 1, Message(FROM, TO, text, esm_class).write())


def part(text: bytes, number: int, total: int) -> Pdu:
    return deliver(header(7, total, number) + text, UDHI)


def piece(bound, pdu: Pdu) -> Came:
    return bound.taker._came(pdu, read_message(pdu.body), HERE)


def texts(bound) -> list[str]:
    return [one.content.body.text for one in bound.came]


async def test_a_message_comes_over_the_line(bound, smsc):
    await smsc.write("Guten Tag, 5 € Gebühr?")
    (event,) = bound.came
    assert event.content.body.text == "Guten Tag, 5 € Gebühr?"
    assert event.content.sender.value == ERIKA
    assert (event.readable, event.partial, event.segments) == (True, False, 1)


@pytest.mark.parametrize("faults", [{}, {"disorder": True}, {"repeat": 3}])
async def test_a_long_message_is_one_however_its_parts_come(bound, smsc, faults):
    smsc.breaks(**faults)
    await smsc.write(LONG)
    await smsc.write("Привет " * 40)
    assert texts(bound) == [LONG, "Привет " * 40]
    assert [one.segments for one in bound.came] == [3, 5]


async def test_words_of_one_wish_are_understood(bound, smsc):
    for word in ("STOPP", "Start", "hilfe!"):
        await smsc.write(word)
    assert [one.keyword for one in bound.came] == [Keyword.STOP, Keyword.START, Keyword.HELP]


async def test_what_the_carrier_answers_we_do_not(smsc, bind_to):
    bound = await bind_to(smsc.number(answered_by_provider=("hilfe",)))
    for word in ("Hilfe", "STATUS"):
        await smsc.write(word)
    assert [one.no_automatic_answer for one in bound.came] == [True, False]


async def test_the_same_words_twice_on_one_connection_are_two_messages(bound, smsc):
    await smsc.write("Ja")
    await smsc.write("Ja")
    assert texts(bound) == ["Ja", "Ja"]


async def test_what_comes_again_on_another_connection_is_a_repeat(bound):
    for session in (HERE, THERE):
        assert await bound.taker.take(deliver(b"Ja"), session) == OK
    assert texts(bound) == ["Ja"]
    assert await bound.taker.take(deliver(b"Ja"), THERE) == OK
    assert texts(bound) == ["Ja", "Ja"], "said once more after the repeat"


async def test_what_is_no_message_is_kept_as_it_is(bound):
    odd = Pdu(Command.DELIVER_SM, 0, 5, b"\xff\xfe")
    assert await bound.taker.take(odd, HERE) == OK
    (event,) = bound.came
    assert (event.readable, event.size) == (False, len(odd.write()))


async def test_missing_parts_are_given_up_and_the_rest_is_kept(bound, ground):
    await bound.taker.take(part(b"eins ", 1, 3), HERE)
    await bound.taker.take(part(b"drei", 3, 3), HERE)
    assert await bound.taker.look() == 0, "there is time yet"
    await let_pass(ground, seconds=601)
    assert await bound.taker.look() == 1
    (event,) = bound.came
    assert (event.content.body.text, event.partial) == ("eins  […] drei", True)
    await bound.taker.take(part(b"zwei", 2, 3), HERE)
    await let_pass(ground, seconds=601)
    assert await bound.taker.look() == 1, "what comes too late is kept by itself"
    assert texts(bound)[1] == "[…] zwei […]"
    assert await bound.taker.look() == 0


async def let_pass(ground, seconds: float) -> None:
    async with ground.pool.acquire() as connection:
        sql = "update sms_part set at = at - make_interval(secs => $1)"
        await connection.execute(sql, float(seconds))


async def test_killed_between_its_parts_and_after_the_last_one(bound, another):
    """Whatever had a yes is safe: another process finds it."""
    other = another()
    await bound.taker.take(part(b"eins ", 1, 2), HERE)
    came, whole = await other.parts.put(piece(other, part(b"zwei", 2, 2)))
    assert whole, "killed here: all parts are safe, the message is not made"
    assert bound.came == other.came == []
    assert await other.taker.look() == 1
    assert texts(other) == ["eins zwei"]
    assert await bound.taker.look() == 0
    assert await bound.taker.take(part(b"zwei", 2, 2), HERE) == OK
    assert bound.came == [], "a part that comes again changes nothing"
    assert (await other.parts.close(came)).raws == ()


async def test_killed_after_it_was_kept_and_before_that_was_noted(bound, another):
    await bound.taker.take(part(b"eins ", 1, 2), HERE)
    await bound.parts.put(piece(bound, part(b"zwei", 2, 2)))
    other = another()
    forget, other.parts.forget = other.parts.forget, _killed
    with pytest.raises(asyncio.CancelledError):
        await other.taker.look()
    other.parts.forget = forget
    assert await bound.taker.look() == 1
    assert (texts(other), texts(bound)) == (["eins zwei"], []), "twice is once"


async def _killed(_: UUID) -> None:
    raise asyncio.CancelledError


async def test_nothing_is_said_yes_to_while_the_database_is_away(bound):
    away = await open_pool("postgresql://nobody@127.0.0.1:9/none", "channel_sms")
    bound.taker._parts = PartStore(away, bound.parts._ring)
    assert await bound.taker.take(deliver(b"Guten Tag"), HERE) == LATER
    assert bound.came == []
    away.terminate()


async def test_what_was_put_off_comes_again(bound, smsc, ground):
    """The line is cut while messages wait; the SMSC delivers them over the next one."""
    await smsc.write("eins")
    smsc.smsc.cut()
    await smsc.write("zwei")
    await smsc.write(LONG)
    assert texts(bound) == ["eins", "zwei", LONG]


async def test_old_rows_are_swept(bound, ground):
    await bound.taker.take(deliver(b"alt"), HERE)
    await bound.taker.take(part(b"wartet", 1, 2), HERE)
    await let_pass(ground, seconds=90_000)
    assert await bound.parts.sweep() == 1
    assert await bound.parts.sweep() == 0, "what waits is never swept"


async def test_the_text_of_waiting_parts_is_sealed(bound, ground):
    secret = b"Mein Aktenzeichen lautet so und so"
    await bound.taker.take(part(secret, 1, 2), HERE)
    async with ground.pool.acquire() as connection:
        row = await connection.fetchrow("select p::text as said, data from sms_part p")
    assert secret not in row["data"]
    assert "Aktenzeichen" not in row["said"]
    assert "1715550101" not in row["said"]


SETS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=40)


@given(SETS)
def test_parts_in_any_order_and_any_number_make_each_message_once(order: Sequence[tuple[int, int]]):
    """Three messages of four parts under one number, one after the other, as handsets do."""
    known: list[Known] = []
    for message in range(3):
        wanted = {number for which, number in order if which == message}
        sets = set()
        for _, number in (one for one in order if one[0] == message):
            came = Came("a", "k", number, 4, f"{message}/{number}", HERE, b"")
            set_id = choose(known, came) or uuid4()
            sets.add(set_id)
            if not any((k.set_id, k.number) == (set_id, number) for k in known):
                known.insert(0, Known(set_id, number, came.digest, HERE, closed=False, age=0))
                mine = [one for one in known if one.set_id == set_id]
                known = [*mine, *(one for one in known if one.set_id != set_id)]
        assert len(sets) == min(1, len(wanted)), "a repeat makes no second message"
        if wanted:
            (set_id,) = sets
            assert {k.number for k in known if k.set_id == set_id} == wanted
            known = [k if k.set_id != set_id else closed(k) for k in known]


def closed(one: Known) -> Known:
    return Known(one.set_id, one.number, one.digest, one.session, closed=True, age=one.age)


async def test_what_is_refused_for_good_is_put_aside_and_tried_again_when_asked(bound, ground):
    accept, tried = bound.taker._accept, []

    async def refuse(arrival):
        tried.append(arrival)
        raise Permanent("content: is of no use")

    bound.taker._accept = refuse
    assert await bound.taker.take(deliver(b"Ja"), HERE) == OK
    assert await bound.taker.look() == 0, "it is not tried every round"
    async with ground.pool.acquire() as connection:
        [letter] = await set_aside.waiting(connection)
        assert letter["key"].startswith("musterstadt/")
        assert letter["reason"] == "content: is of no use"
        bound.taker._accept = accept
        assert await bound.taker.look() == 0
        await set_aside.ask_replay_of(connection, "dead", letter["id"])
        assert await bound.taker.look() == 1
        assert await set_aside.waiting(connection) == []
    assert texts(bound) == ["Ja"]
    assert len(tried) == 1
