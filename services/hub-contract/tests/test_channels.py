"""The rows of the channels: each is there, and says what its providers say."""

from dataclasses import FrozenInstanceError

import pytest

from hub_contract.channels import CHANNEL_TO, CHANNELS, LONGEST_TEXT, is_address, row_of
from hub_contract.fit import FileFacts, Parts, Unfit, misfits
from hub_contract.words import Channel, ContactKind

PDF = "application/pdf"
# reaches, subject, html, file types (None: no files), characters, counted in, read by, live, sure
ROWS = {
    "email": ("email", True, True, (), LONGEST_TEXT, "characters", "person", False, "none"),
    "sms": ("phone", False, False, None, 1600, "segments", "person", False, "none"),
    "fax": ("fax", True, False, (PDF,), LONGEST_TEXT, "pages", "person", False, "none"),
    "paper": ("postal", True, False, (PDF,), LONGEST_TEXT, "pages", "person", False, "none"),
    "web": ("portal", True, False, (), LONGEST_TEXT, "characters", "person", True, "low"),
    "phone": ("phone", False, False, None, 4000, "seconds", "machine", True, "none"),
}
ORIGINALS = {
    "email": "message/rfc822",
    "sms": "application/x-www-form-urlencoded",
    "fax": "image/tiff",
    "paper": PDF,
    "web": "application/json",
    "phone": "application/x-www-form-urlencoded",
}


def test_every_channel_has_a_row_and_no_two_are_shown_alike():
    assert list(CHANNELS) == list(Channel), "in the order of channels"
    for facts in ("name", "sign"):
        said = [getattr(row, facts) for row in CHANNELS.values()]
        assert all(said), facts
        assert len({*said}) == len(said), facts


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_goes(name):
    row = CHANNELS[Channel(name)]
    types = row.files.types if row.files else None
    facts = (row.reaches, row.subject, row.html, types, row.longest_text)
    assert (*facts, row.measure, row.read_by, row.live, row.assurance) == ROWS[name]
    assert row.original.media_type == ORIGINALS[name]
    assert row.original.file_name.startswith("original.")


def test_answers_go_out_by_all_but_the_telephone():
    assert [channel for channel, row in CHANNELS.items() if not row.answers] == [Channel.PHONE]


def test_rows_are_frozen():
    with pytest.raises(FrozenInstanceError):
        CHANNELS[Channel.SMS].longest_text = 9000  # type: ignore[misc]
    with pytest.raises(TypeError):
        CHANNELS[Channel.SMS] = CHANNELS[Channel.EMAIL]  # type: ignore[index]


def test_each_kind_of_contact_point_is_reached_first_by_one_channel():
    assert dict(CHANNEL_TO) == {
        "email": "email",
        "phone": "phone",
        "fax": "fax",
        "postal": "paper",
        "portal": "web",
    }
    every = [row.reaches for row in CHANNELS.values() if row.reaches_every]
    assert len({*every}) == len(every) == len(ContactKind)


@pytest.mark.parametrize("word", ["", "pigeon", "EMAIL", "portal"])
def test_a_word_that_is_no_channel_has_no_row(word):
    assert row_of(word) is None


@pytest.mark.parametrize("channel", Channel)
def test_the_word_of_a_channel_leads_to_its_row(channel):
    assert row_of(channel.value) is CHANNELS[channel]


def test_only_the_id_of_an_inbox_is_no_address():
    assert [kind for kind in ContactKind if not is_address(kind)] == [ContactKind.PORTAL]


def pdf(size=1):
    return FileFacts(PDF, size)


PHOTO = FileFacts("image/jpeg", 1)
# channel, what is to be sent | what does not go
FITS = {
    "a mail with everything": ("email", Parts("Ja", "Hund", "<p>Ja", (pdf(), PHOTO)), []),
    "an SMS as long as may be": ("sms", Parts("ä" * 1600), []),
    "characters, not bytes": ("sms", Parts("😀" * 1600), []),
    "an SMS that is too long": ("sms", Parts("ä" * 1601), ["text_too_long"]),
    "a subject by SMS": ("sms", Parts("Ja", "Hund"), ["no_subject"]),
    "a blank subject by SMS": ("sms", Parts("Ja", "  "), []),
    "a file by SMS": ("sms", Parts("Ja", files=(pdf(),)), ["no_files"]),
    "a fax with a PDF": ("fax", Parts("Ja", "Hund", files=(pdf(),)), []),
    "a type with parameters": ("fax", Parts(files=(FileFacts("Application/PDF; v=1", 1),)), []),
    "a photo by fax": ("fax", Parts("Ja", files=(pdf(), PHOTO)), ["file_type"]),
    "HTML by letter": ("paper", Parts("Ja", html="<p>Ja"), ["no_html"]),
    "a letter as heavy as may be": ("paper", Parts(files=(pdf(8_000_000),)), []),
    "a letter that is too heavy": (
        "paper",
        Parts(files=(pdf(8_000_000), pdf())),
        ["files_too_large"],
    ),
    "twenty files": ("web", Parts(files=(pdf(),) * 20), []),
    "twenty-one files": ("web", Parts(files=(pdf(),) * 21), ["too_many_files"]),
    "all that is wrong at once": (
        "phone",
        Parts("a" * 4001, "Hund", "<p>", (pdf(),)),
        ["no_subject", "text_too_long", "no_html", "no_files"],
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_what_does_not_go(name):
    channel, parts, expected = FITS[name]
    assert list(misfits(CHANNELS[Channel(channel)], parts)) == [Unfit(code) for code in expected]
