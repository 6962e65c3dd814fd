"""Languages, times, words: tables of what is asked and what is said."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.requests import Request

import hub_pages
from hub_contract.delivery import Delivery, Reason
from hub_contract.explanations import Explanation
from hub_contract.problems import ProblemCode
from hub_contract.refusals import Refusal
from hub_contract.words import MessageKind
from hub_pages import said, times
from hub_pages.catalogue import find_gaps
from hub_pages.explained import EXPLANATIONS, PROBLEMS, explain, say_problem
from hub_pages.language import OWN, accepted, language_of, read_words
from hub_pages.pictures import pictured
from hub_pages.refused import REFUSALS, refused_word

NOW = datetime(2026, 5, 14, 12, 0, tzinfo=UTC)  # 14:00 in Berlin


@pytest.mark.parametrize(
    "folder", [Path(hub_pages.__file__).parent, Path(__file__).parent / "sample"]
)
def test_english_is_complete_and_nothing_is_stale(folder):
    assert find_gaps(folder) == []


def test_a_gap_and_a_stale_sentence_are_found(tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.html").write_text('{{ _("Neu") }}', encoding="utf-8")
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "en.po").write_text('msgid "Alt"\nmsgstr "Old"\n', encoding="utf-8")
    assert find_gaps(tmp_path) == ["not translated: Neu", "stale: Alt"]


SAID = [
    (timedelta(0), "gerade eben", "just now"),
    (timedelta(seconds=-30), "gerade eben", "just now"),
    (timedelta(seconds=61), "vor 1 Minute", "1 minute ago"),
    (timedelta(minutes=5), "vor 5 Minuten", "5 minutes ago"),
    (timedelta(hours=3), "heute 11:00", "today 11:00"),
    (timedelta(hours=14, minutes=1), "gestern 23:59", "yesterday 23:59"),
    (timedelta(hours=-20), "morgen 10:00", "tomorrow 10:00"),
    (timedelta(days=2), "12. Mai 2026", "12 May 2026"),
]


@pytest.mark.parametrize(("ago", "german", "english"), SAID)
def test_times_are_said_as_people_say_them(ago, german, english):
    assert times.say_time(NOW - ago, NOW, "de") == german
    assert times.say_time(NOW - ago, NOW, "en") == english


def test_the_exact_time_is_on_hover_and_for_machines():
    element = times.time_element(times.say_time, NOW - timedelta(days=2), NOW, "de")
    assert 'datetime="2026-05-12T12:00Z"' in element
    assert 'title="Dienstag, 12. Mai 2026, 14:00 Uhr"' in element


WAITED = [
    (0, "gerade"),
    (59, "59 Min."),
    (60, "1 Std."),
    (1439, "23 Std."),
    (1440, "1 Tag"),
    (9000, "6 Tage"),
]


@pytest.mark.parametrize(("minutes", "words"), WAITED)
def test_waiting_is_said_shortly(minutes, words):
    assert times.say_how_long(NOW - timedelta(minutes=minutes), NOW, "de") == words


def test_days():
    today = NOW.date()
    assert [times.say_day(today - timedelta(days=n), today, "de") for n in (0, 1, 2)] == [
        "heute", "gestern", "Dienstag, 12. Mai 2026",
    ]  # fmt: skip


ACCEPTED = [
    ("", []),
    ("en-GB,en;q=0.9,de;q=0.8", ["en", "en", "de"]),
    ("de;q=0.1, en;q=0.5", ["en", "de"]),
    ("fr, en;q=x, de;q=0", ["fr"]),
    (";;;,,,q=,=", ["", "", "", "", "q=", "="]),
]


@pytest.mark.parametrize(("header", "tags"), ACCEPTED)
def test_accepted_languages(header, tags):
    assert [tag for tag in accepted(header) if tag] == [tag for tag in tags if tag]


ASKED = [
    ("", "", "", "de"),
    ("", "", "fr, en;q=0.5", "en"),
    ("", "faden_language=en", "de", "en"),
    ("lang=de", "faden_language=en", "en", "de"),
    ("lang=xx", "faden_language=yy", "zz", "de"),
]


@pytest.mark.parametrize(("query", "cookie", "header", "language"), ASKED)
def test_the_language_of_a_request(query, cookie, header, language):
    headers = [(b"cookie", cookie.encode()), (b"accept-language", header.encode())]
    scope = {"type": "http", "query_string": query.encode(), "headers": headers}
    assert language_of(Request(scope)) == language


def test_every_word_of_the_contract_has_a_name():
    assert set(said.KINDS) >= set(MessageKind)
    assert set(said.DELIVERY) == set(Delivery)
    assert set(said.REASONS) == set(Reason) - {Reason.OTHER}
    assert set(EXPLANATIONS) == set(Explanation)
    assert set(REFUSALS) == set(Refusal)
    assert set(PROBLEMS) == set(ProblemCode) - {ProblemCode.IN_WORDS}


ENGLISH = read_words("en", [OWN]).gettext
PROBLEM_WORDS = [
    ("charset_wrong", "x-foo", "Der Zeichensatz „x-foo“ stimmt nicht; der Text ist geraten."),
    ("charset_wrong", "100 %s", "Der Zeichensatz „100 %s“ stimmt nicht; der Text ist geraten."),
    ("loop", "", "Die Nachricht läuft im Kreis; sie wird nicht automatisch beantwortet."),
    ("in_words", "Anhang 2 ist zu 50 % leer", "Anhang 2 ist zu 50 % leer"),
    ("from_a_newer_release", "", "An dieser Nachricht war etwas ungewöhnlich."),
]


@pytest.mark.parametrize(("code", "about", "words"), PROBLEM_WORDS)
def test_what_was_odd_about_a_message(code, about, words):
    assert say_problem(code, about, str) == words
    if code != "in_words":
        assert say_problem(code, about, ENGLISH) != words


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_is_a_sentence_in_both_languages(code):
    for say in (str, ENGLISH):
        assert "%(" not in say_problem(code, "x", say)


def test_codes_of_a_newer_release_have_words_too():
    assert explain("from_a_newer_release", ENGLISH) == "Reason not known."
    assert refused_word("from_a_newer_release", ENGLISH) == "That was not possible."
    # As the desk kept refusals until they had codes.
    assert refused_word("contact_point: not confirmed; confirm it first", str)


MARKS = [("email", "@", "E-Mail"), ("fax", "Fax", "Fax"), ("pigeon", "··", "pigeon")]


@pytest.mark.parametrize(("channel", "sign", "name"), MARKS)
def test_a_channel_is_a_sign_to_the_eye_and_a_name_to_the_ear(channel, sign, name):
    shown = said.channel_mark(channel, str)
    assert f'data-sign="{sign}"' in shown
    assert f'title="{name}"' in shown


SIZES = [(0, "1 KB"), (340_000, "340 KB"), (2_400_000, "2,4 MB")]


@pytest.mark.parametrize(("size", "words"), SIZES)
def test_sizes(size, words):
    assert said.say_size(size, "de") == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Oben [image 2: plan.png] unten", ('Oben <a href="/f/1" target="_blank" rel="noopener"><img'
         ' class="hub-picture" src="/f/1" alt="plan.png" loading="lazy"></a> unten')),
        ("[image: weg@1]", "[Picture missing: weg@1]"),
        ("[image 3: a.png]", "[Picture missing: a.png]"),  # there are two files
        ("[image 0: a.png]", "[Picture missing: a.png]"),
        ("<b> [image: <i>]", "&lt;b&gt; [Picture missing: &lt;i&gt;]"),
        ('[image 1: "><script>]', ('<a href="/f/0" target="_blank" rel="noopener"><img'
         ' class="hub-picture" src="/f/0" alt="&#34;&gt;&lt;script&gt;" loading="lazy"></a>')),
        ("[image 2 plan.png] [cid:a]", "[image 2 plan.png] [cid:a]"),
    ],
)  # fmt: skip
def test_pictures_are_shown_at_their_place(text, shown):
    assert str(pictured(text, "/f/%d", 2, ENGLISH)) == shown
