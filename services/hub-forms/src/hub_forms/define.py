"""What a public service is, as data: names, purpose, channels, and what a transaction needs.

Rule 1. A definition says what is asked; how, each channel knows (form, dialogue, script, print).
Rule 2. What is wrong in it is found when it is read: no definition with a fault is ever asked.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from hub_contract.words import Assurance, Channel
from hub_forms.condition import TODAY, Condition, variable
from hub_forms.words import Definition, Kind, Words

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
MOST = 200  # requirements of one service
ANY = tuple(Channel)


class Base(Definition):
    """What every requirement has."""

    key: Key
    label: Words
    help: Words | None = None
    optional: bool = False
    when: Condition | None = None  # it is asked for only where this holds
    channels: tuple[Channel, ...] = ()  # by which it may be met; empty: by all of the service
    assurance: Assurance = Assurance.NONE  # of the message that meets it
    sensitive: bool = False  # never asked for, nor repeated, by SMS, fax or plain mail


class Asked(Base):
    """What people answer in words."""

    example: str = Field(default="", max_length=200)
    prefill: Literal["", "name", "address", "phone", "email", "birth"] = ""  # from what is known


class TextField(Asked):
    kind: Literal[Kind.TEXT]
    longest: int = Field(default=200, ge=1, le=10_000)  # characters
    shortest: int = Field(default=1, ge=0)
    lines: int = Field(default=1, ge=1, le=30)  # how much room a form gives

    @model_validator(mode="after")
    def fits(self) -> Self:
        if self.shortest > self.longest:
            raise ValueError("shortest is more than longest; exchange them")
        return self


class NumberField(Asked):
    kind: Literal[Kind.NUMBER, Kind.MONEY]
    least: Decimal | None = None
    most: Decimal | None = None
    decimals: int = Field(default=0, ge=0, le=4)  # of a number; money has two
    unit: str = Field(default="", max_length=20)

    @model_validator(mode="after")
    def fits(self) -> Self:
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("least is more than most; exchange them")
        return self


class DateField(Asked):
    kind: Literal[Kind.DATE]
    past: bool = True  # may lie before today
    future: bool = True
    years: int = Field(default=120, ge=1, le=200)  # further away it is mistyped


class Option(Definition):
    key: Key
    label: Words
    also: tuple[str, ...] = ()  # other words for it, as people say them


class ChoiceField(Asked):
    kind: Literal[Kind.CHOICE, Kind.CHOICES]
    options: tuple[Option, ...] = Field(min_length=2, max_length=60)
    least: int = Field(default=1, ge=0)
    most: int = Field(default=60, ge=1)

    @model_validator(mode="after")
    def differs(self) -> Self:
        keys = [one.key for one in self.options]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise ValueError(f"options: `{twice}` stands there twice; rename one")
        return self


class PlainField(Asked):
    """What its kind says all about."""

    kind: Literal[
        Kind.YES_NO,
        Kind.ADDRESS,
        Kind.PHONE,
        Kind.EMAIL,
        Kind.IBAN,
        Kind.POSTCODE,
        Kind.PLACE,
    ]


class Document(Base):
    kind: Literal[Kind.DOCUMENT]
    types: tuple[str, ...] = ("application/pdf", "image/jpeg", "image/png", "image/tiff")
    most: int = Field(default=5, ge=1, le=20)  # files


class Signature(Base):
    kind: Literal[Kind.SIGNATURE]
    # Whether a form by law needs a hand on paper (§ 126 BGB), or an electronic one stands for it.
    written: bool = False


class Confirmation(Base):
    kind: Literal[Kind.CONFIRMATION]
    text: Words  # what is confirmed, word for word


class Payment(Base):
    kind: Literal[Kind.PAYMENT]
    amount: Decimal = Field(gt=0, max_digits=10, decimal_places=2)
    currency: Literal["EUR"] = "EUR"


Single = Annotated[
    TextField
    | NumberField
    | DateField
    | ChoiceField
    | PlainField
    | Document
    | Signature
    | Confirmation
    | Payment,
    Field(discriminator="kind"),
]


class Group(Base):
    """Several of the same, each with these fields: the members of a household."""

    kind: Literal[Kind.GROUP]
    each: tuple[Single, ...] = Field(min_length=1, max_length=30)
    least: int = Field(default=1, ge=0)
    most: int = Field(default=20, ge=1, le=50)


Requirement = Annotated[
    TextField
    | NumberField
    | DateField
    | ChoiceField
    | PlainField
    | Document
    | Signature
    | Confirmation
    | Payment
    | Group,
    Field(discriminator="kind"),
]


class Check(Definition):
    """What must hold across fields: plausibility, in words for who has written something else."""

    key: Key
    rule: Condition
    says: Words
    about: tuple[Key, ...] = Field(min_length=1)


class Retention(Definition):
    """How long a transaction is kept, and why (A6): from its end on."""

    key: Key
    days: int = Field(ge=1, le=36_500)
    basis: str = Field(min_length=2, max_length=300)
    draft_days: int = Field(default=60, ge=1, le=365)  # of one that nobody finishes


class Fee(Definition):
    amount: Decimal = Field(ge=0, max_digits=10, decimal_places=2)
    currency: Literal["EUR"] = "EUR"
    says: Words


class Ways(Definition):
    """By which channels one begins and goes on (`in`), and by which the authority answers."""

    come: tuple[Channel, ...] = Field(default=ANY, alias="in", min_length=1)
    go: tuple[Channel, ...] = Field(default=ANY, alias="out", min_length=1)


def _leika(key: str) -> str:
    if not (key.isascii() and key.isdecimal() and len(key) == 14):
        raise ValueError("is no LeiKa key; write its 14 digits")
    return key


class PublicService(Definition):
    """One entry of the catalogue; `name` is how events and addresses call it."""

    name: Key
    key: Annotated[str, AfterValidator(_leika)]  # Leistungsschlüssel (LeiKa), 14 digits
    version: int = Field(ge=1)
    title: Words
    about: Words
    purpose: str = Field(min_length=5, max_length=500)  # Art. 5 (1) b DSGVO
    legal_basis: str = Field(min_length=2, max_length=300)
    unit: str = Field(min_length=2, max_length=100)
    retention: Retention
    assurance: Assurance = Assurance.NONE
    channels: Ways = Ways()
    fee: Fee | None = None
    requirements: tuple[Requirement, ...] = Field(min_length=1, max_length=MOST)
    checks: tuple[Check, ...] = ()

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        _refuse_twice([one.key for one in self.requirements], "requirements")
        known = {variable(one.key) for one in self.requirements} | {TODAY}
        for place, condition in _conditions(self):
            if strange := sorted(condition.names - known):
                raise ValueError(
                    f"{place}: asks for `{strange[0]}`, which no requirement is called"
                )
        keys = {one.key for one in self.requirements}
        for check in self.checks:
            if lost := [key for key in check.about if key not in keys]:
                raise ValueError(f"checks.{check.key}.about: there is no requirement `{lost[0]}`")
        return self

    def requirement(self, key: str) -> "Requirement | None":
        return next((one for one in self.requirements if one.key == key), None)

    def ways_of(self, requirement: Base) -> tuple[Channel, ...]:
        """Return the channels by which a requirement may be met."""
        come = self.channels.come
        return tuple(one for one in come if not requirement.channels or one in requirement.channels)


def _refuse_twice(keys: list[str], place: str) -> None:
    names = [variable(key) for key in keys]
    if twice := next((key for key in keys if names.count(variable(key)) > 1), None):
        raise ValueError(f"{place}: `{twice}` stands there twice; rename one")


def _conditions(service: PublicService) -> Iterator[tuple[str, Condition]]:
    for one in service.requirements:
        if one.when:
            yield f"requirements.{one.key}.when", one.when
    for check in service.checks:
        yield f"checks.{check.key}.rule", check.rule
