"""The words of the desk: English is complete; names, moments, questions and refusals as tables."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import workspace
from hub_contract.fit import Unfit
from hub_contract.words import Channel
from hub_pages.catalogue import find_gaps
from hub_pages.language import LANGUAGES, read_words
from workspace.act import when
from workspace.carries import SAID, carried_by
from workspace.drafts import Draft
from workspace.look import question_of
from workspace.proofs import badges_of, call_badges, initials, name_of, proof_word, service_word
from workspace.show import bare
from workspace.write import reply_of


def test_english_is_complete_and_nothing_is_stale():
    assert find_gaps(Path(workspace.__file__).parent) == []


def test_templates_hold_no_script_and_no_style():
    for path in (Path(workspace.__file__).parent / "templates").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        for forbidden in (
            "<style",
            " style=",
            "onclick",
            "hx-on",
            "javascript:",
            "|safe",
            "| safe",
        ):
            assert forbidden not in text, (path.name, forbidden)
        assert text.count("<script") == text.count("<script src="), path.name


NOW = datetime(2026, 3, 27, 15, 30, tzinfo=ZoneInfo("Europe/Berlin"))  # a Friday
MOMENTS = [
    ("hour", "2026-03-27T16:30:00+01:00"),
    ("tomorrow", "2026-03-28T08:00:00+01:00"),
    ("monday", "2026-03-30T08:00:00+02:00"),  # the clocks have changed in between
    ("week", "2026-04-03T08:00:00+02:00"),
]


@pytest.mark.parametrize(("until", "moment"), MOMENTS)
def test_later_means_mornings_at_eight(until, moment):
    assert when(until, NOW).isoformat() == moment


def test_on_a_monday_monday_is_the_next_one():
    monday = datetime(2026, 3, 2, 7, tzinfo=ZoneInfo("Europe/Berlin"))
    assert when("monday", monday).date().isoformat() == "2026-03-09"


QUESTIONS = [
    ("384-291-770-608", {"reference": "384-291-770-608"}),
    ("38429177O6O8", {"reference": "38429177O6O8"}),
    ("erika@example.org", {"address": {"kind": "email", "value": "erika@example.org"}}),
    ("+49 30 123456", {"address": {"kind": "phone", "value": "+49 30 123456"}}),
    ("0711 123-0", {"address": {"kind": "phone", "value": "0711 123-0"}}),
    ("115", {"address": {"kind": "phone", "value": "115"}}),
    ("sip:+4930123456@host", {"address": {"kind": "phone", "value": "sip:+4930123456@host"}}),
    ("0711 1230/31", {"address": {"kind": "phone", "value": "0711 1230/31"}}),
    ("erika@müller.de", {"address": {"kind": "email", "value": "erika@müller.de"}}),
    ("e m@x.de", {"address": {"kind": "email", "value": "e m@x.de"}}),
    (
        "Erika Muster, Ring 1, 12345 Ort",
        {"address": {"kind": "postal", "value": "Erika Muster, Ring 1, 12345 Ort"}},
    ),
    ("Hundesteuer", None),
    ("Hundesteuer 2026", None),
    ("", None),
]


@pytest.mark.parametrize(("q", "question"), QUESTIONS)
def test_what_is_searched_for(q, question):
    assert question_of(q) == question


SUBJECTS = [
    ("Re: AW: WG: Hund", "Hund"),
    ("Re[2]: Hund", "Hund"),
    ("Reise nach Rom", "Reise nach Rom"),
    ("Re: ", ""),
]


@pytest.mark.parametrize(("subject", "plain"), SUBJECTS)
def test_subjects_without_what_programs_add(subject, plain):
    assert bare(subject) == plain


NAMES = [("Petra Amt", "PA"), ("Cem", "C"), ("Anna von der Au", "AA"), ("", "?"), ("<b>", "?")]


@pytest.mark.parametrize(("name", "letters"), NAMES)
def test_initials(name, letters):
    assert initials(name) == letters


def test_evidence_is_said_once_and_never_lost():
    proofs = [{"kind": "dmarc", "result": "pass"}, {"kind": "dmarc", "result": "pass"}]
    proofs += [{"kind": "spf", "result": "fail"}, {"kind": "new", "result": "odd"}]
    assert [(b.text, b.tone) for b in badges_of(proofs, str)] == [("Absender geprüft", "success")]
    assert proof_word("spf", "fail", str) == "Sendender Server (SPF): nicht in Ordnung"
    assert proof_word("station-id", "+49 30 1", str) == "Kennung des Faxgeräts: +49 30 1"
    assert proof_word("new", "odd", str) == "new: odd"
    assert proof_word("signature", "unchecked", str) == "Signatur: nicht geprüft"
    assert proof_word("encrypted", "unchecked", str).endswith("vorhanden, hier nicht lesbar")
    assert proof_word("appointment", "request", str) == "Termin: Einladung"
    assert proof_word("recurrence-until", "2026-06-01", str) == "Wiederholung bis: 2026-06-01"


def test_an_inbox_of_the_portal_is_never_shown_as_its_id():
    assert name_of({"kind": "portal", "value": "c2f1", "name": ""}, str) == "Online-Besuch"
    assert name_of({"kind": "email", "value": "e@x.example"}, str) == "e@x.example"


# channel | what the composer says of it, in German and English
CARRIED = {
    "email": (
        "mit Betreff · bis zu 20 Dateien, zusammen höchstens 20 MB",
        "with a subject · up to 20 files, together at most 20 MB",
    ),
    "sms": ("ohne Betreff · ohne Dateien", "no subject · no files"),
    "fax": (
        "mit Betreff · Dateien nur als PDF, zusammen höchstens 20 MB",
        "with a subject · files as PDF only, together at most 20 MB",
    ),
    "paper": (
        "mit Betreff · Dateien nur als PDF, zusammen höchstens 8 MB",
        "with a subject · files as PDF only, together at most 8 MB",
    ),
    "web": (
        "erscheint sofort · mit Betreff · bis zu 20 Dateien, zusammen höchstens 20 MB",
        "appears at once · with a subject · up to 20 files, together at most 20 MB",
    ),
    "phone": (
        "eine Computerstimme liest den Text vor · ohne Betreff · ohne Dateien",
        "a computer voice reads the text out · no subject · no files",
    ),
}


@pytest.mark.parametrize("channel", Channel)
def test_what_goes_by_each_channel(channel):
    ways = [{"channel": channel}, {"channel": channel}]
    for language, words in zip(LANGUAGES, CARRIED[channel], strict=True):
        say = read_words(language, [Path(workspace.__file__).parent / "words"]).gettext
        assert [one.words for one in carried_by(ways, say, language)] == [words]


def test_all_that_does_not_go_has_words():
    assert set(SAID) == set(Unfit)


SERVICES = [
    ("channel_fax", "Fax"),
    ("relay", "Weitergabe an Kafka"),
    ("channel_dove", "channel_dove"),
]


@pytest.mark.parametrize(("name", "word"), SERVICES)
def test_a_channels_service_is_called_like_the_channel(name, word):
    assert service_word(name, str) == word


WAYS = [
    ("", {}),
    ("email/post/7", {"channel": "email", "account": "post", "contact_point": "7"}),
    ("web//8", {"channel": "web", "contact_point": "8"}),
]


@pytest.mark.parametrize(("way", "named"), WAYS)
def test_the_body_of_a_reply(way, named):
    wanted = {"text": "Ja", "subject": "", "author_name": "Petra Amt"} | named
    assert reply_of(Draft("Ja", way=way), "Petra Amt") == wanted


WISH = {"day": "tomorrow", "part": "afternoon"}
CALLS = {
    "missed, with a wish": (
        {"outcome": "missed", "seconds": 125, "callback": WISH},
        ["verpasst", "2:05 Min.", "wünscht am Tag danach nachmittags Rückruf"],
    ),
    "answered at once": (
        {"outcome": "answered", "seconds": 0, "callback": None},
        ["entgegengenommen", "0:00 Min."],
    ),
    "a message": ({"outcome": "voicemail", "seconds": None, "callback": None}, []),
    "no call": ({"outcome": "none", "seconds": None, "callback": None}, []),
    "of a newer release": (
        {"outcome": "dropped", "seconds": 7, "callback": {"day": "sunday", "part": "night"}},
        ["0:07 Min.", "wünscht Rückruf"],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_how_a_call_went_is_said(name):
    entry, said = CALLS[name]
    assert [badge.text for badge in call_badges(entry, str)] == said
