"""A definition is read whole, or every mistake is named with its line, its field and a remedy."""

from datetime import date

import jsonschema
import pytest

from hub_contract.words import Channel
from hub_forms.condition import Condition
from hub_forms.derive import json_schema, model
from hub_forms.lint import can_meet, lint
from hub_forms.read import Faulty, read_folder, read_service
from hub_forms.shipped import SERVICES

TODAY = date(2026, 11, 28)
SHIPPED = read_folder(SERVICES)
NAMES = sorted(SHIPPED)
DOG = (SERVICES / "hundesteuer-anmeldung.yaml").read_text("utf-8")
FAULTS = [
    ("kind", "kind: iban", "kind: ibn", "line 108: requirements.iban: is no kind"),
    ("unknown name", "when: ermaessigung", "when: ermasigung", "requirements.nachweis.when: asks"),
    ("edges", "least: 5", "least: 500", "requirements.groesse: least is more than most"),
    ("unknown key", "longest: 60", "longst: 60", "requirements.hundename.longst: nobody knows"),
    ("digits", 'key: "9910', 'key: "x', "line 2: key: is no LeiKa key"),
    ("condition", "rule: geboren ==", "rule: geboren = =", "checks.geboren-vor-seit.rule: is no"),
    ("no kind", "    kind: date\n", "", "requirements.seit: has no kind"),
    ("capital", "name: hund", "name: Hund", "line 1: name: may have small letters"),
    ("twice", "- key: rasse", "- key: hundename", "requirements: `hundename` stands there twice"),
    (
        "lost",
        "about: [geboren, seit]",
        "about: [geborn]",
        "checks.geboren-vor-seit.about: there is",
    ),
    ("option", "- {key: tierheim", "- {key: keine", "requirements.ermaessigung: options: `keine`"),
    ("no text", "de: Rasse", "de: ' '", "requirements.rasse.label.de: is empty"),
    ("missing", "purpose: ", "# purpose: ", "purpose: is missing"),
    ("version", "version: 1", "version: 0", "version: Input should be greater"),
    ("not YAML", "unit: Steueramt", "unit: [Steueramt", "is not YAML"),
    ("alias", "unit: Steueramt", "unit: &a [*a]", "has an alias"),
]


@pytest.mark.parametrize(
    ("old", "new", "says"), [row[1:] for row in FAULTS], ids=[r[0] for r in FAULTS]
)
def test_a_mistake_is_named_with_its_place(old, new, says):
    assert old in DOG
    with pytest.raises(Faulty) as caught:
        read_service(DOG.replace(old, new, 1))
    assert any(says in str(fault) for fault in caught.value.faults), str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "name", "- a", "\0", "a: &x b\nc: *x", "x" * 600_000])
def test_what_is_no_definition_is_said(text):
    with pytest.raises(Faulty):
        read_service(text)


def test_six_services_are_shipped_and_have_no_fault():
    assert NAMES == [
        "bewohnerparkausweis",
        "hundesteuer-anmeldung",
        "maengelmelder",
        "meldebescheinigung",
        "widerspruch",
        "wohngeld-erstantrag",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shipped_may_be_published(name):
    assert lint(SHIPPED[name], TODAY) == []


LINTS = [
    ("never asked", "ermaessigung != 'keine'", "ermaessigung == 'hof'", "unreachable"),
    ("nobody can finish", "geboren == null || geboren <= seit", "geboren < geboren", "contradicts"),
    (
        "checks nothing",
        "geboren == null || geboren <= seit",
        "true || geboren <= seit",
        "checks_nothing",
    ),
    ("no plain words", "  plain: Den Hund anmelden\n", "", "words_missing"),
    ("no example", "    example: Dackel\n", "", "example_missing"),
    (
        "no channel",
        "    kind: document\n",
        "    kind: document\n    channels: [sms]\n",
        "never_met",
    ),
    (
        "a channel cannot",
        "    kind: iban\n",
        "    kind: iban\n    channels: [web, sms]\n",
        "channel_cannot",
    ),
    ("own answer", "when: ermaessigung != 'keine'", "when: nachweis", "own_answer"),
]


@pytest.mark.parametrize(
    ("old", "new", "code"), [row[1:] for row in LINTS], ids=[r[0] for r in LINTS]
)
def test_what_a_definition_cannot_keep_is_found(old, new, code):
    assert old in DOG
    found = lint(read_service(DOG.replace(old, new, 1)), TODAY)
    assert code in {finding.code for finding in found}, found


def test_a_written_form_needs_paper():
    signature = SHIPPED["widerspruch"].requirement("unterschrift")
    can = [way for way in Channel if can_meet(SHIPPED["widerspruch"], signature, way)]
    assert can == [Channel.PAPER]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["de", "en", "plain"])
def test_its_schema_is_one(name, language):
    schema = json_schema(SHIPPED[name], language)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["required"]) <= set(schema["properties"])
    assert model(SHIPPED[name])() is not None


def test_the_schema_takes_a_whole_registration_and_refuses_a_wrong_one():
    check = jsonschema.Draft202012Validator(json_schema(SHIPPED["hundesteuer-anmeldung"]))
    whole = {
        "name": "Erika Mustermann",
        "anschrift": "Amselgasse 3\n70000 Musterstadt",
        "hundename": "Bello",
        "rasse": "Dackel",
        "groesse": 34,
        "seit": "2026-03-12",
        "ermaessigung": "keine",
        "richtig": True,
    }
    assert check.is_valid(whole)
    for wrong in (
        {"groesse": 3},
        {"groesse": 34.5},
        {"ermaessigung": "hof"},
        {"richtig": False},
        {"x": 1},
    ):
        assert not check.is_valid(whole | wrong), wrong


CONDITIONS = [
    ("a > 3", {"a": 4}, True),
    ("a > 3", {"a": 2}, False),
    ("a > 3", {"a": None}, None),  # nobody has answered
    ("a > 3", {}, None),
    ("a == 'x'", {"a": 4}, False),
    ("size(a) > 1", {"a": ["x", "y"]}, True),
    ("a < today", {"a": date(2020, 1, 1)}, True),
    ("bescheid_vom <= today", {"bescheid-vom": date(2030, 1, 1)}, False),
    ("1 / a > 0", {"a": 0}, None),
    ("a", {"a": "text"}, None),  # neither true nor false
]


@pytest.mark.parametrize(("text", "values", "holds"), CONDITIONS)
def test_a_condition_says_yes_no_or_that_it_cannot_say(text, values, holds):
    assert Condition(text).holds(values, TODAY) is holds


@pytest.mark.parametrize("text", ["1 +", "a b", "", "x" * 501, "'"])
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(ValueError, match=r"is no condition|longer than"):
        Condition(text)
