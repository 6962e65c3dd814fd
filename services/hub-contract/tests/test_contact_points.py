"""Contact points: the table of how people, programs and trunks write them, and what is always true.

A row of `contact_points.tsv`: kind, country of the tenant, as written, value, compared; ¶ is a new
line, and the value of what cannot be normalised is the text itself.
"""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub_contract.contact_points import LONGEST, compared, contact_point
from hub_contract.email_address import normal_domain
from hub_contract.invisible import is_blank, without_invisible
from hub_contract.words import ContactKind, ContactPoint, writable

AS_WRITTEN = "(as written)"


class Row(NamedTuple):
    kind: ContactKind
    country: str
    written: str
    value: str
    compared: str


def read_row(line: str) -> Row:
    kind, *rest = (cell.replace("¶", "\n") for cell in line.split("\t"))
    return Row(ContactKind(kind), *rest)


def name_of(row: Row) -> str:
    return f"{row.kind}-{row.country}-{row.written}"


TABLE = Path(__file__).with_name("contact_points.tsv").read_text(encoding="utf-8")
ROWS = [read_row(line) for line in TABLE.splitlines()[1:]]

kinds = st.sampled_from(ContactKind)
countries = st.sampled_from(["DE", "AT", "CH", "IT", "ES", "US", "GB", ""])
# What nobody wrote, and what is nearly an address: pieces of the table in any order.
pieces = st.sampled_from(sorted({p for row in ROWS for p in (row.written, *row.written.split())}))
texts = st.text() | st.lists(pieces | st.text(max_size=2), max_size=4).map("".join)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_the_table(row: Row) -> None:
    point = contact_point(row.kind, row.written, row.country, name="Erika")
    if row.value == AS_WRITTEN:
        assert (point.value, point.as_written) == (row.written.strip(), True)
    else:
        assert (point.value, point.as_written) == (row.value, False)
    assert (point.kind, point.name, compared(point)) == (row.kind, "Erika", row.compared)


def test_the_table_has_every_kind_in_both_fates() -> None:
    fates = {(row.kind, row.value == AS_WRITTEN) for row in ROWS}
    both = {kind for kind in ContactKind if kind is not ContactKind.PORTAL}
    assert fates >= {(kind, fate) for kind in both for fate in (True, False)}


# An id of ours has one spelling, and in upper case strauß@ would be strauss@.
IN_ANY_CASE = [row for row in ROWS if row.kind is not ContactKind.PORTAL and "ß" not in row.written]


@pytest.mark.parametrize("row", IN_ANY_CASE, ids=name_of)
@pytest.mark.parametrize("change", [str.upper, str.lower, "  {}\n".format])
def test_case_and_blanks_around_make_no_other_person(row: Row, change) -> None:
    again = contact_point(row.kind, change(row.written), row.country)
    assert compared(again) == row.compared


UNSEEN = (
    "\u200b\u200e\u200f\ufeff\u2060\u00ad\u3164\u2800\u180e\u034f\u2066\ufe0f\U000e0041\U000e007f"
)


@pytest.mark.parametrize("letter", UNSEEN, ids=ascii)
@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        (ContactKind.EMAIL, "{0}er{0}ika@{0}exam{0}ple.org{0}", "erika@example.org"),
        (ContactKind.PHONE, "{0}0711{0} 12{0}30{0}", "+497111230"),
        (ContactKind.FAX, "+49{0} 711 1230", "+497111230"),
        (ContactKind.EMAIL, "{0}nobody{0}", "nobody"),
        (ContactKind.EMAIL, " {0} ", ""),
    ],
)
def test_what_nobody_sees_is_no_part_of_an_address(letter: str, kind, written, value) -> None:
    point = contact_point(kind, written.format(letter), "DE", name=letter)
    assert (point.value, point.name) == (value, "")
    assert is_blank(f" {letter}\n")


@given(kinds, texts, countries)
@example(ContactKind.EMAIL, "mailto:mailto:a@b.de", "")
@example(ContactKind.EMAIL, "<<a@b.de>>", "")
@example(ContactKind.EMAIL, "\ud800@b.de", "")
@example(ContactKind.EMAIL, "a@\u0130.de", "")
@example(ContactKind.PHONE, "tel:tel:+497111230", "DE")
@example(ContactKind.PHONE, "\u0661\u0661\u0665", "DE")
@example(ContactKind.POSTAL, "a\n\x0bD-D-70173 b", "DE")
def test_normalising_is_total_and_happens_once(kind: ContactKind, text: str, country: str) -> None:
    point = contact_point(kind, text, country)
    assert contact_point(kind, point.value, country) == point
    if point.as_written:
        assert point.value == writable(without_invisible(text)).strip()


@given(kinds, texts)
def test_what_is_compared_is_compared_once(kind: ContactKind, text: str) -> None:
    once = compared(ContactPoint(kind=kind, value=text))
    assert compared(ContactPoint(kind=kind, value=once)) == once


@given(texts)
def test_the_quick_way_for_mail_says_what_the_library_says(text: str) -> None:
    quick = contact_point(ContactKind.EMAIL, text)
    slow = contact_point(ContactKind.EMAIL, f"<{text.strip()}>")
    if not text.strip().startswith("<"):
        assert (quick.as_written or slow.value) == (quick.as_written or quick.value)


@pytest.mark.parametrize("kind", [kind for kind in ContactKind if kind is not ContactKind.PORTAL])
@pytest.mark.parametrize("text", ["1", "a@b", " (", "<", "a.", "0711/", "\n1", '"', "+", ";ext="])
def test_what_is_longer_than_any_address_is_not_read(kind: ContactKind, text: str) -> None:
    long = text * LONGEST * 10
    assert contact_point(kind, long, "DE") == ContactPoint(
        kind=kind, value=long.strip(), as_written=True
    )


@pytest.mark.parametrize(
    ("domain", "normal"),
    [
        ("Example.ORG.", "example.org"),
        (" straße.de ", "xn--strae-oqa.de"),
        ("MÜLLER.de", "xn--mller-kva.de"),
        ("ü..de", "ü..de"),
        ("x" * 300 + ".ü", "x" * 300 + ".ü"),
        ("", ""),
    ],
)
def test_domains(domain: str, normal: str) -> None:
    assert normal_domain(domain) == normal


def test_a_process_that_sees_no_odd_address_does_not_pay_for_the_libraries() -> None:
    script = """
import sys
from hub_contract.contact_points import contact_point
contact_point("email", "Erika@Example.org")
print(*{"phonenumbers", "email_validator", "idna"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.split() == []
