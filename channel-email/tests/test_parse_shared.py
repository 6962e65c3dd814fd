"""Which addresses write for many people, and whom their mails name for the answer."""

from datetime import UTC, datetime

import pytest

from channel_email.parse import Context, read
from channel_email.settings import EmailSettings
from hub_contract.events import MessageContent

LISTED = frozenset({"buero@verein.example", "@sammel.example", "post@musterstadt.example"})
CONTEXT = Context(
    tenant="musterstadt",
    account="post",
    received_at=datetime(2026, 3, 12, 10, 11, tzinfo=UTC),
    domain="musterstadt.example",
    shared_senders=LISTED,
)
ROSA = "Reply-To: Rosa Richter <rosa@post.example>"
# From and further headers: shared or not, and whom the answer goes to.
TABLE = {
    "a person": ("Rosa Richter <rosa@post.example>", (), False, ""),
    "a person who wants answers elsewhere": ("Erika <erika@post.example>", (ROSA,), False, "rosa"),
    "a person, spelt twice": ("Rosa <Rosa@post.example>", (ROSA,), False, ""),
    "a person with a detail": (
        "Rosa <rosa@post.example>",
        ("Reply-To: rosa+amt@post.example",),
        False,
        "",
    ),
    "a site": ("Verein <kontakt@verein.example>", (ROSA,), False, "rosa"),
    "by its address": ("Stadt <formular@town.example>", (ROSA,), True, "rosa"),
    "by its name": ("Kontaktformular <kontakt@town.example>", (), True, ""),
    "a website": ("Webseite Musterstadt <info@town.example>", (ROSA,), True, "rosa"),
    "no reply": ("Rosa Richter <no-reply@town.example>", (), True, ""),
    "no reply, with a detail": ("<donotreply+77@town.example>", (), True, ""),
    "WordPress": ("Verein <wordpress@verein.example>", (), True, ""),
    "a web server": ("<www-data@host.town.example>", (), True, ""),
    "a scanner": ("Scanner EG <scan-eg2@town.example>", (), True, ""),
    "a fax gateway by number": ("<+49711123@fax.example>", (), True, ""),
    "a fax gateway by host": ("<49711123@fax.provider.example>", (), True, ""),
    "a fax machine by name": ("Faxgerät EG <eg@town.example>", (), True, ""),
    "a fax gateway by address": ("<fax.eingang@town.example>", (), True, ""),
    "somebody via a portal": ("Rosa Richter via Stadtportal <s@town.example>", (), True, ""),
    "somebody over a service": ("Rosa Richter über Amt24 <s@town.example>", (), True, ""),
    "a Google group": (
        "'Rosa Richter' via Gruppe <gruppe@town.example>",
        ("X-Original-From: Rosa Richter <rosa@post.example>", "Reply-To: gruppe@town.example"),
        True,
        "rosa",
    ),
    "a Mailman list": (
        "Rosa Richter via Liste <liste@town.example>",
        ("To: liste@town.example", "Reply-To: liste@town.example, Rosa <rosa@post.example>"),
        True,
        "rosa",
    ),
    "a list that only takes the answers": (
        "Rosa <rosa@post.example>",
        ("To: liste@town.example", "Reply-To: liste@town.example"),
        False,
        "",
    ),
    "listed": ("Büro <Buero@Verein.example>", (ROSA,), True, "rosa"),
    "of a listed domain": ("Anna <anna@sammel.example>", (), True, ""),
    "ourselves, by a form": ("Stadt <post@musterstadt.example>", (ROSA,), True, "rosa"),
    "answers to ourselves": (
        "Rosa <rosa@post.example>",
        ("Reply-To: post@musterstadt.example",),
        False,
        "",
    ),
    "answers to a machine": (
        "Verein <kontakt@verein.example>",
        ("Reply-To: noreply@verein.example",),
        False,
        "",
    ),
    "by a script of its own server": (
        "Verein <kontakt@verein.example>",
        ("X-Mailer: PHPMailer 6", "Return-Path: <kontakt@verein.example>"),
        True,
        "",
    ),
    "by a script that names a citizen": (
        "Rosa <rosa@post.example>",
        ("X-Mailer: PHPMailer 6", "Return-Path: <www@verein.example>"),
        False,
        "",
    ),
    "handed in by its own web server": (
        "Verein <kontakt@verein.example>",
        ("Sender: <wordpress@verein.example>",),
        True,
        "",
    ),
    "handed in for a citizen": (
        "Rosa <rosa@post.example>",
        ("Sender: <noreply@portal.example>",),
        False,
        "",
    ),
    "a call box by its name": ("FRITZ!Box <box@town.example>", (), True, ""),
    "a copier by its model": ("TASKalfa 3253ci <eg2@town.example>", (), True, ""),
    "a copier by its address": ("Flur 2 <xerox@town.example>", (), True, ""),
    "a fax, by what it says of itself": (
        "Zentrale <zentrale@town.example>",
        ("Subject: Neues Fax von +49 711 123456",),
        True,
        "",
    ),
    "a voice mail, by what it says of itself": (
        "Zentrale <zentrale@town.example>",
        ("Subject: Voicemail from +49 711 123456",),
        True,
        "",
    ),
    "a scan, by what it says of itself": (
        "Flur 2 <flur2@town.example>",
        ("Subject: Scan from a Xerox WorkCentre",),
        True,
        "",
    ),
    "a caller's number as the name": ("+49 711 123456 <inbox@town.example>", (), True, ""),
    "a caller's number as the address": ("<0049711123456@town.example>", (), True, ""),
    "a list that has put itself in From": (
        "Rosa Richter <liste@town.example>",
        ("List-Post: <mailto:Liste@town.example>", ROSA),
        True,
        "rosa",
    ),
    "a list that leaves From as it was": (
        "Rosa <rosa@post.example>",
        ("List-Post: <mailto:liste@town.example>",),
        False,
        "",
    ),
    "via a list, in a comment": (
        '"Rosa Richter" (rosa via Liste) <liste@town.example>',
        (ROSA,),
        True,
        "rosa",
    ),
    "in the name of somebody": ("Rosa im Namen von Kita <k@town.example>", (), True, ""),
    "a form in French": ("Formulaire de contact <c@town.example>", (ROSA,), True, "rosa"),
    "a form in Polish": ("Formularz <c@town.example>", (ROSA,), True, "rosa"),
    "a service of a state": ("Online-Dienst <c@town.example>", (ROSA,), True, "rosa"),
    "a person who writes of a fax": (
        "Rosa <rosa@post.example>",
        ("Subject: Fax von gestern",),
        False,
        "",
    ),
    "a person called so": ("Peter Drucker <peter.drucker@post.example>", (), False, ""),
    "a person by webmail": (
        "Rosa <rosa@post.example>",
        ("X-PHP-Originating-Script: 0:rcube.php", "Return-Path: <rosa@post.example>"),
        False,
        "",
    ),
    "a person on a platform": (
        "Rosa <rosa@platform.example>",
        ("X-Mailer: Mail Platform 3", "Return-Path: <rosa@platform.example>"),
        False,
        "",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_who_writes_for_many_and_who_wants_the_answer(name: str) -> None:
    sender, headers, shared, reply_to = TABLE[name]
    raw = "\n".join((f"From: {sender}", *headers)) + "\n\nText\n"
    content = read(raw.encode(), CONTEXT).event.content
    assert isinstance(content, MessageContent)
    found = content.reply_to.value.partition("@")[0] if content.reply_to else ""
    assert (content.shared, found) == (shared, reply_to)


# What a form of a web site has filled in, by its words alone; and what people write.
FILLED_IN = [
    "Name: Rosa Richter\nE-Mail: rosa@post.example\nTelefon: 0711\nNachricht: Hallo",
    "*Name:* Rosa\n*E-Mail:* rosa@post.example\n*Anliegen:* Hund",
    "Von: Rosa Richter <rosa@post.example>\nBetreff: Frage\nTelefon: 0711\n\nHallo",
    "Diese E-Mail wurde von einem Kontaktformular von https://town.example gesendet.\n\nHallo",
    "Hallo\n\n-- \nDiese Nachricht wurde über das Formular auf town.example verschickt",
    "Sie haben eine neue Nachricht über das Kontaktformular erhalten:\n\nHallo",
    "You have received a new submission from the contact form:\nHello",
]
WRITTEN = [
    "Ich habe über das Kontaktformular eine Nachricht gesendet und nichts erhalten.",
    "Diese Nachricht habe ich auch über das Formular auf der Homepage gesendet.",
    "Name: Rosa\nE-Mail: online@town.example\nTelefon: 0711\nBitte zurückrufen",
    "Meine neue Mail: rosa@post.example",
    "Das Formular habe ich ausgefüllt.",
]


@pytest.mark.parametrize(
    ("text", "shared"), [*((t, True) for t in FILLED_IN), *((t, False) for t in WRITTEN)]
)
def test_who_writes_for_many_by_what_a_form_writes(text: str, *, shared: bool) -> None:
    raw = f"From: Stadt <online@town.example>\n\n{text}\n"
    content = read(raw.encode(), CONTEXT).event.content
    assert isinstance(content, MessageContent)
    assert content.shared is shared


def test_who_answers_a_mail_is_no_form() -> None:
    raw = f"From: Stadt <online@town.example>\nIn-Reply-To: <a@b.example>\n\n{FILLED_IN[0]}\n"
    content = read(raw.encode(), CONTEXT).event.content
    assert isinstance(content, MessageContent)
    assert not content.shared


@pytest.mark.parametrize(
    ("sender", "handed_in_by"),
    [("dienst@portal.example", ["dienst@portal.example"]), ("Rosa <Rosa@post.example>", [])],
)
def test_who_hands_it_in_for_another_is_evidence(sender: str, handed_in_by: list[str]) -> None:
    raw = f"From: rosa@post.example\nSender: {sender}\n\nText\n"
    content = read(raw.encode(), CONTEXT).event.content
    assert isinstance(content, MessageContent)
    assert [e.result for e in content.evidence if e.kind == "sender"] == handed_in_by


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Formular@Town.example", "formular@town.example"),
        ("@Sammel.Example", "@sammel.example"),
        ("*@sammel.example", "@sammel.example"),
        ("form@straße.de", "form@xn--strae-oqa.de"),
    ],
)
def test_shared_senders_are_compared_as_senders_are(written: str, read: str) -> None:
    assert EmailSettings(shared_senders=frozenset({written})).shared_senders == {read}


@pytest.mark.parametrize("wrong", ["formular", "formular@", ""])
def test_what_is_no_address_is_no_shared_sender(wrong: str) -> None:
    with pytest.raises(ValueError, match="name@domain"):
        EmailSettings(shared_senders=frozenset({wrong}))
