"""The closed lists of codes: each has what it needs, and what is unknown is read all the same."""

import json

import pytest
from pydantic import TypeAdapter

from hub_contract.errors import Permanent
from hub_contract.explanations import Explanation
from hub_contract.problems import Problem, ProblemCode, PublishedProblem
from hub_contract.refusals import PREFIX, Refusal

ANY = TypeAdapter(PublishedProblem)


@pytest.mark.parametrize(
    ("written", "code", "about"),
    [
        ({"code": "charset_wrong", "about": "x-foo"}, ProblemCode.CHARSET_WRONG, "x-foo"),
        ({"code": "loop"}, ProblemCode.LOOP, ""),
        ({"code": "from_a_newer_release", "about": "7"}, ProblemCode.OTHER, "7"),
        ("Anhang 2 ist leer", ProblemCode.IN_WORDS, "Anhang 2 ist leer"),
    ],
)
def test_a_problem_is_read_however_it_was_published(written, code, about):
    assert ANY.validate_python(written) == Problem(code=code, about=about)


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refusal_is_told_by_its_type(refusal):
    assert refusal.type == f"{PREFIX}{refusal}"
    assert Refusal.of(refusal.status, json.dumps({"type": refusal.type}).encode()) is refusal
    assert 400 <= refusal.status < 600
    assert refusal.says


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        (404, b'{"type": "about:blank"}', Refusal.NOT_FOUND),
        (404, b"{}", Refusal.NOT_FOUND),
        (503, b"<html>", Refusal.AWAY),
        (502, b"\xff", Refusal.NOT_POSSIBLE),
        (422, b"", Refusal.NOT_POSSIBLE),
        (422, b'{"type": "urn:faden:problem:from_a_newer_release"}', Refusal.NOT_POSSIBLE),
        (422, b'{"type": ["no", "text"]}', Refusal.NOT_POSSIBLE),
        (422, b"[1]", Refusal.NOT_POSSIBLE),
    ],
)
def test_a_refusal_of_others_is_told_by_its_status(status, body, refusal):
    assert Refusal.of(status, body) is refusal


def test_codes_of_a_newer_release_are_read():
    assert Explanation("from_a_newer_release") is Explanation.OTHER
    assert Permanent("no").code is Refusal.NOT_POSSIBLE
    assert str(Permanent("until: lies in the past", code=Refusal.UNTIL_PAST)).startswith("until: ")
