"""By which way an answer goes out, and what it says beside its text."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from conversation_store.reply.choose import Last, Target, Way, choose
from conversation_store.reply.compose import answers_of, subject_of
from hub_contract.errors import Permanent
from hub_contract.words import ContactKind, ContactPoint

E, P, X, F = (UUID(int=n) for n in range(1, 5))


def way(point, channel, kind, account="post", *, verified=True) -> Way:
    return Way(point, channel, account, verified, ContactPoint(kind=kind, value=str(point)))


MAIL = way(E, "email", ContactKind.EMAIL)
OTHER_MAIL = way(E, "email", ContactKind.EMAIL, "amt")
SMS = way(P, "sms", ContactKind.PHONE, "sms1")
CALL = way(P, "phone", ContactKind.PHONE, "line")
FAX = way(X, "fax", ContactKind.FAX, "fax1")
ASKED = replace(MAIL, account="", preferred_at=datetime(2026, 3, 2, tzinfo=UTC))
ASKED_LATER = replace(FAX, account="", preferred_at=datetime(2026, 3, 3, tzinfo=UTC))
PORTAL = way(P, "web", ContactKind.PORTAL, "portal")
STRANGER = way(X, "email", ContactKind.EMAIL, verified=False)
FORM = replace(way(F, "email", ContactKind.EMAIL), shared=True)
CLAIMED = replace(ASKED, account="post", verified=False, claimed=True)

# wish, ways, last | contact point, channel, account
CHOICES = {
    "as the last one came": (Target(), [MAIL, SMS], (P, "sms", "sms1"), (P, "sms", "sms1")),
    "the channel asked for": (
        Target(channel="email"),
        [MAIL, SMS],
        (P, "sms", "sms1"),
        (E, "email", "post"),
    ),
    "the person asked for": (
        Target(contact_point_id=E),
        [MAIL, SMS],
        (P, "sms", "sms1"),
        (E, "email", "post"),
    ),
    "the account asked for": (
        Target(account="amt"),
        [MAIL],
        (E, "email", "post"),
        (E, "email", "amt"),
    ),
    "the same number, another channel": (
        Target(channel="sms"),
        [SMS, CALL],
        (P, "phone", "line"),
        (P, "sms", "sms1"),
    ),
    "after a call, the way she wrote by": (
        Target(),
        [MAIL, SMS, CALL],
        (P, "phone", "line"),
        (P, "sms", "sms1"),
    ),
    "a channel she never used, from a named account": (
        Target(channel="sms", account="sms9"),
        [CALL],
        (P, "phone", "line"),
        (P, "sms", "sms9"),
    ),
    "the account of the last message": (
        Target(),
        [MAIL, OTHER_MAIL],
        (E, "email", "amt"),
        (E, "email", "amt"),
    ),
    "nobody has written yet": (Target(), [MAIL], None, (E, "email", "post")),
    "a stranger beside": (
        Target(),
        [MAIL, STRANGER],
        (E, "email", "post"),
        (E, "email", "post"),
    ),
    "the known one, named, after a stranger": (
        Target(contact_point_id=E),
        [MAIL, STRANGER],
        (X, "email", "post"),
        (E, "email", "post"),
    ),
    "where she asked to be answered": (
        Target(),
        [PORTAL, ASKED],
        (P, "web", "portal"),
        (E, "email", "first"),
    ),
    "where she asked last": (
        Target(),
        [ASKED_LATER, PORTAL, ASKED],
        (P, "web", "portal"),
        (X, "fax", "line"),
    ),
    "the agent knows better than her wish": (
        Target(contact_point_id=P),
        [PORTAL, ASKED],
        (P, "web", "portal"),
        (P, "web", "portal"),
    ),
    "whom the form names wants the answer": (
        Target(),
        [FORM, CLAIMED],
        (F, "email", "post"),
        (E, "email", "post"),
    ),
    "she answers from where the form has named her": (
        Target(),
        [FORM, CLAIMED],
        (E, "email", "post", False),
        (E, "email", "post"),
    ),
    "an address she named and never used": (
        Target(contact_point_id=E),
        [PORTAL, replace(ASKED, preferred_at=None)],
        (P, "web", "portal"),
        (E, "email", "first"),
    ),
}
ACCOUNTS = {"email": "first", "fax": "line"}


@pytest.mark.parametrize("name", CHOICES)
def test_the_way_of_an_answer(name):
    wish, ways, last, expected = CHOICES[name]
    found = choose(wish, ways, last and Last(*last), ACCOUNTS)
    assert (found.contact_point_id, found.channel, found.account) == expected


REFUSALS = {
    "nobody there": (Target(), [], None, "nobody_reachable"),
    "not in this conversation": (Target(contact_point_id=P), [MAIL], None, "not_reached_so"),
    "a stranger": (Target(), [STRANGER], (X, "email", "post"), "not_confirmed"),
    "a stranger wrote last": (Target(), [MAIL, STRANGER], (X, "email", "post"), "not_confirmed"),
    "a stranger, named": (Target(contact_point_id=X), [MAIL, STRANGER], None, "not_confirmed"),
    "no fax": (Target(channel="fax"), [MAIL], None, "channel_reaches_nobody"),
    "no fax by mail": (
        Target(channel="fax", contact_point_id=E),
        [MAIL, FAX],
        None,
        "not_reached_so",
    ),
    "a stranger wrote last, though she asked": (
        Target(),
        [ASKED, STRANGER],
        (X, "email", "post"),
        "not_confirmed",
    ),
    "somebody else wrote by the same form": (
        Target(),
        [FORM, CLAIMED],
        (F, "email", "post", False),
        "not_confirmed",
    ),
    "her wish, not confirmed": (Target(), [replace(ASKED, verified=False)], None, "not_confirmed"),
    "no account to send from": (Target(), [ASKED], None, "no_account"),
    "a channel that carries none": (Target(channel="phone"), [SMS, CALL], None, "no_answers"),
    "nothing but a call": (Target(), [CALL], (P, "phone", "line"), "no_answers"),
    "no account": (Target(channel="sms"), [CALL], (P, "phone", "line"), "no_account"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused_names_code_field_and_remedy(name):
    wish, ways, last, code = REFUSALS[name]
    with pytest.raises(Permanent, match=r"^\w+: .*(;|, )") as refused:
        choose(wish, ways, last and Last(*last))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        (["Hund"], "Re: Hund"),
        (["Re: Hund"], "Re: Hund"),
        (["AW: Re: WG: Hund"], "Re: Hund"),
        (["Antwort: Fwd: re[2]: Hund"], "Re: Hund"),
        (["Re:Hund"], "Re: Hund"),
        (["Regen: Frage"], "Re: Regen: Frage"),
        (["", "Hund"], "Re: Hund"),
        (["Re: "], ""),
        ([], ""),
    ],
)
def test_one_re_is_enough(subjects, expected):
    assert subject_of(subjects) == expected


def test_the_nearest_id_comes_first_and_each_once():
    contents = [
        {"external_id": "<3>", "answers": ["<2>", "<1>"]},
        {"external_id": "<2>", "answers": ["<0>"]},
        {},
    ]
    assert answers_of(contents) == ("<3>", "<2>", "<1>")
    long = [{"external_id": "<x>", "answers": [f"<{n}>" for n in range(50)]}]
    assert len(answers_of(long)) == 20
