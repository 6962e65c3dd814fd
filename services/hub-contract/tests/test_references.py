"""References: found however people, keypads and fax machines write them, and nothing else is."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from hub_contract.references import (
    find_references,
    is_channel_reference,
    is_reference,
    make_channel_reference,
    make_reference,
    normalise_reference,
    show_reference,
)

ONE, TWO = "384291770608", "512040998170"
LOOK_ALIKES = {"0": "OoQD", "1": "Il|!", "2": "Zz", "5": "Ss", "6": "Gb", "8": "B"}


def with_check_digits(head: int) -> str:
    return f"{head}{mod_97_10.calc_check_digits(str(head))}"


references = st.integers(1_000_000_000, 9_999_999_999).map(with_check_digits)


@pytest.mark.parametrize(
    "text",
    [
        "384-291-770-608",
        "384 291 770 608",
        "384291770608",
        "384.291.770.608",
        "384/291/770/608",
        "384 - 291 - 770 - 608",
        "384–291–770–608",
        "384\N{NO-BREAK SPACE}291\N{NARROW NO-BREAK SPACE}770\N{NO-BREAK SPACE}608",
        "384\N{SOFT HYPHEN}291\N{ZERO WIDTH SPACE}770\N{WORD JOINER}608",
        "384-291-\n770-608",
        "384-291-\r\n   770-608",
        "384\r\n291\r\n770\r\n608",
        "3842 9177 0608",
        "384291 770608",
        "3 8 4 2 9 1 7 7 0 6 0 8",
        "384 291 770 608#",
        "384*291*770*608#",
        "#384291770608",
        "384-291-77O-6O8",
        "3B4-29l-770-6OB",
        "384-29 1-770 608",
        "Vorgang: 384-291-770-608.",
        "Vorgangsnummer 384-291-770-608!",
        "Az. 32/384-291-770-608, Ihr Schreiben vom 12.05.2026",
        "Unser Zeichen (384-291-770-608)",
        "Betreff: AW: [384291770608] Hundesteuer",
        "So 384-291-770-608",
        "Nr. 3 384-291-770-608",
        "KW47 384-291-770-608",
        "Fax 384 291 770 608 2 Seiten",
        "am 12.05.2026 384-291-770-608 10:15 Uhr",
        "**384-291-770-608**",
        "|384-291-770-608|",
        "_384291770608_",
        "https://stadt.example/status/384291770608?lang=de",
        "1. 384-291-770-608\n2. 384-291-770-608",
    ],
)
def test_is_found_as_written(text: str) -> None:
    assert find_references(text) == (ONE,)


@pytest.mark.parametrize(
    "text",
    [
        "384-291-770-609",
        "1384291770608",
        "3842917706081",
        "A384291770608",
        "384291770608x",
        "12 384 291 770 608",
        "384 291 770 608 111",
        "978-384-291-770-608",
        "+384291770608",
        "+49 384 291 770 608",
        "+49 (0) 384 291 770 608",
        "0049 384 291 770 608",
        "DE89 3842 9177 0608 0130 00",
        "DE89 384291770608 013000",
        "BE68 3842 9177 0608",
        "BE68384291770608",
        "4111 3842 9177 0608",
        "3842 9177 0608 1111",
        "384\n2917\n70608",
        "38.42917706 08",
        "084 291 770 623",
        "SOZIALISGOSB",
        "Ob so bis Olli",
        "",
    ],
)
def test_is_no_reference(text: str) -> None:
    assert find_references(text) == ()


def test_several_come_once_each_in_order() -> None:
    text = f"{show_reference(TWO)}, {show_reference(ONE)} und wieder {TWO}"
    assert find_references(text) == (TWO, ONE)


def test_a_hostile_text_is_given_up_on() -> None:
    assert find_references("1 " * 20_000 + "und " + ONE) == ()


def test_what_the_store_makes_and_what_a_channel_makes_never_meet() -> None:
    stores, channels = (
        [make() for _ in range(500)] for make in (make_reference, make_channel_reference)
    )
    assert all(is_reference(one) and not is_channel_reference(one) for one in stores)
    assert all(is_reference(one) and is_channel_reference(one) for one in channels)
    assert {one[0] for one in stores} == set("12345678")
    assert {one[0] for one in channels} == {"9"}
    assert len({*stores, *channels}) == 1000


@pytest.mark.parametrize("digits", ["", "912345678934", "384291770608", "9", "912-345-678-933"])
def test_what_a_channel_cannot_have_given_out(digits: str) -> None:
    assert not is_channel_reference(digits)


def test_zero_never_begins_one() -> None:
    assert mod_97_10.is_valid("000000000001")
    assert not is_reference("000000000001")


@pytest.mark.parametrize(
    "text", ["", "384", "Vorgang 384291770608", "٣٨٤٢٩١٧٧٠٦٠٨", "384291770608 9"]
)
def test_a_field_holds_a_reference_or_nothing(text: str) -> None:
    assert normalise_reference(text) is None


@given(references, st.data())
def test_a_field_undoes_every_look_alike(reference: str, data: st.DataObject) -> None:
    mangled = "".join(data.draw(st.sampled_from(c + LOOK_ALIKES.get(c, ""))) for c in reference)
    assert normalise_reference(f" {mangled[:5]} - {mangled[5:]}#") == reference


@given(
    references,
    st.sampled_from(["", "-", " ", ".", "/", " - ", "\u00a0", "-\n", "\n", "\u2013"]),
    st.sets(st.integers(0, 11), max_size=5),
    st.tuples(
        st.sampled_from(["", "Vorgang: ", "Az.\u00a0", "Ihr Zeichen ", "("]),
        st.sampled_from(["", ".", ")", " vom 12.05.2026", "#", " - danke"]),
    ),
    st.data(),
)
def test_running_text_survives_writing_and_ocr(
    reference: str, gap: str, smudged: set[int], around: tuple[str, str], data: st.DataObject
) -> None:
    read = "".join(
        data.draw(st.sampled_from(LOOK_ALIKES.get(c, c))) if i in smudged else c
        for i, c in enumerate(reference)
    )
    written = gap.join(read[i : i + 3] for i in range(0, 12, 3))
    assert find_references(around[0] + written + around[1]) == (reference,)


@given(references, st.integers(0, 11), st.integers(1, 9))
def test_a_wrong_digit_is_always_caught(reference: str, place: int, off: int) -> None:
    wrong = str((int(reference[place]) + off) % 10)
    assert not is_reference(reference[:place] + wrong + reference[place + 1 :])


@given(references, st.integers(0, 10))
def test_swapped_neighbours_are_always_caught(reference: str, place: int) -> None:
    one, two = reference[place : place + 2]
    assume(one != two)
    assert not is_reference(reference[:place] + two + one + reference[place + 2 :])


@given(st.text(alphabet="0123456789 -OIlSB\n", max_size=60))
def test_what_is_found_is_always_valid(text: str) -> None:
    assert all(is_reference(one) for one in find_references(text))
