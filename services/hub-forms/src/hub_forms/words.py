"""The words of a definition: what kinds of requirement there are, and texts in three languages."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LANGUAGES = ("de", "en", "plain")
LONGEST = 2_000  # characters of one text of a definition


class Definition(BaseModel):
    """What a definition consists of: frozen, and a key nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; write what people shall read")
    return text.strip()


Said = Annotated[str, Field(max_length=LONGEST), AfterValidator(_filled)]


class Words(Definition):
    """One text in German, English and plain German (Leichte Sprache, DIN SPEC 33429)."""

    de: Said
    en: Said
    plain: Said | None = None  # where none is written, the German stands for it

    def in_(self, language: str) -> str:
        """Return it in `de`, `en` or `plain`; any other language is English."""
        if language == "plain":
            return self.plain or self.de
        return self.de if language.startswith("de") else self.en


class Kind(StrEnum):
    """What is asked for."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    YES_NO = "yes_no"
    ADDRESS = "address"
    PHONE = "phone"
    EMAIL = "email"
    IBAN = "iban"
    POSTCODE = "postcode"
    PLACE = "place"  # on a map: coordinates, or an address
    GROUP = "group"  # several of the same: the members of a household
    DOCUMENT = "document"
    SIGNATURE = "signature"
    CONFIRMATION = "confirmation"
    PAYMENT = "payment"


# What has a value that people write; all else is a file, a mark, or a step elsewhere.
FIELDS = frozenset(Kind) - {
    Kind.GROUP,
    Kind.DOCUMENT,
    Kind.SIGNATURE,
    Kind.CONFIRMATION,
    Kind.PAYMENT,
}
