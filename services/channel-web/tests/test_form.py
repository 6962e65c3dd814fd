"""What may be typed into a form, and what is said about it."""

import pytest

from channel_web.parse.form import (
    Written,
    Wrong,
    read_answer,
    read_chat,
    read_contact,
)

GOOD = {"subject": "Hundesteuer", "text": "Guten Tag,\r\n\r\nich habe einen Hund.\r\n"}


def codes(faults: tuple[Wrong, ...]) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in faults]


def test_a_good_form_is_read_as_it_was_meant():
    written, faults = read_contact(
        GOOD | {"name": "  Erika   Mustermann ", "answer": "email", "email": " erika@Mail.Example "}
    )
    assert not faults
    assert written == Written(
        text="Guten Tag,\n\nich habe einen Hund.",
        subject="Hundesteuer",
        name="Erika Mustermann",
        answer="email",
        email="erika@mail.example",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"subject": " "}, [("subject", "subject_missing")]),
        ({"subject": "x" * 201}, [("subject", "subject_long")]),
        ({"text": "\r\n \t"}, [("text", "text_missing")]),
        ({"text": "x" * 20_001}, [("text", "text_long")]),
        ({"name": "x" * 121}, [("name", "name_long")]),
        ({"answer": "email"}, [("email", "email_missing")]),
        ({"answer": "email", "email": "erika"}, [("email", "email_wrong")]),
        ({"email": "erika@mail"}, [("email", "email_wrong")]),
        ({"email": "erika mustermann@mail.example"}, [("email", "email_wrong")]),
        ({"email": "erika@mail.example, b@c.de"}, [("email", "email_wrong")]),
        ({"email": "erika@mail.example\r\nBcc: x@y.de"}, [("email", "email_wrong")]),
        ({"email": "jörg@straße.de"}, []),
        ({"email": "δοκιμή@mail.example"}, []),
        ({"email": "jö rg@mail.example"}, [("email", "email_wrong")]),
        ({"email": '"jö rg"@mail.example'}, [("email", "email_wrong")]),
        ({"email": "ü" * 33 + "@mail.example"}, [("email", "email_wrong")]),
        ({"email": "joerg@straße.de"}, []),
        ({"email": "mailto:Joerg@Straße.DE."}, []),
        ({"email": '"erika m"@mail.example'}, [("email", "email_wrong")]),
        ({"email": "erika@[192.0.2.1]"}, [("email", "email_wrong")]),
        ({"email": "erika@192.0.2.1"}, [("email", "email_wrong")]),
        ({"email": "x" * 65 + "@mail.example"}, [("email", "email_wrong")]),
        ({"email": "a@b@c.de"}, [("email", "email_wrong")]),
        ({"email": "a@ü..de"}, [("email", "email_wrong")]),
        ({"email": "\u200bjo\u2060erg@mail.\ufeffexample\u200e"}, []),
        ({"answer": "email", "email": "\u3164\u2800"}, [("email", "email_missing")]),
        ({"text": "\u200b\n\u3164 \u2800"}, [("text", "text_missing")]),
        ({"subject": "\ufeff\u00ad"}, [("subject", "subject_missing")]),
        ({"answer": "pigeon"}, []),
        ({"subject": "", "text": ""}, [("subject", "subject_missing"), ("text", "text_missing")]),
    ],
)
def test_all_that_is_wrong_is_said_at_once(changes, said):
    _, faults = read_contact(GOOD | changes)
    assert codes(faults) == said


def test_an_unknown_wish_means_here():
    written, _ = read_contact(GOOD | {"answer": "pigeon"})
    assert written.answer == "here"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\r\nb\rc\n", "a\nb\nc"),
        ("rot\x00 \x1b[31mgrün", "rot [31mgrün"),
        ("\u202egpj.exe", "gpj.exe"),
        ("halb\ud83d", "halb"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("Größe: 5 €, 👍🏽 é", "Größe: 5 €, 👍🏽 é"),
    ],
)
def test_text_stays_what_was_typed(typed, kept):
    assert read_contact(GOOD | {"text": typed})[0].text == kept


def test_a_chat_needs_a_line_and_no_name():
    assert codes(read_chat({"text": " "})[1]) == [("text", "text_missing")]
    written, faults = read_chat({"text": "Haben Sie offen?", "name": "Erika", "subject": "x"})
    assert (written, faults) == (Written(text="Haben Sie offen?", name="Erika"), ())


@pytest.mark.parametrize(
    ("text", "files", "said"),
    [
        ("Danke", 0, []),
        ("", 1, []),
        ("", 0, [("text", "text_missing")]),
        ("x" * 20_001, 1, [("text", "text_long")]),
    ],
)
def test_files_alone_are_an_answer_too(text, files, said):
    assert codes(read_answer({"text": text}, files)[1]) == said
