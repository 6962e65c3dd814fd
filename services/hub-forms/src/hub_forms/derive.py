"""Derives from a definition what other programs read: JSON Schema 2020-12, and a pydantic model."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from hub_forms.define import (
    ChoiceField,
    Document,
    Group,
    NumberField,
    PublicService,
    Requirement,
    Single,
    TextField,
)
from hub_forms.words import Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: dict[str, Any] = {"type": "string"}
_PLAIN: dict[Kind, dict[str, Any]] = {
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.YES_NO: {"type": "boolean"},
    Kind.PHONE: {"type": "string", "pattern": r"^\+[1-9][0-9]{4,14}$"},
    Kind.EMAIL: {"type": "string", "format": "email"},
    Kind.IBAN: {"type": "string", "pattern": "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"},
    Kind.POSTCODE: {"type": "string", "pattern": "^[0-9]{5}$"},
    Kind.ADDRESS: _TEXT,
    Kind.SIGNATURE: {"type": "boolean"},
    Kind.CONFIRMATION: {"const": True},
    Kind.PAYMENT: {"type": "boolean"},
    Kind.PLACE: {
        "type": "object",
        "properties": {
            "address": _TEXT,
            "latitude": {"type": "number", "minimum": -90, "maximum": 90},
            "longitude": {"type": "number", "minimum": -180, "maximum": 180},
        },
        "anyOf": [{"required": ["address"]}, {"required": ["latitude", "longitude"]}],
    },
}


def json_schema(service: PublicService, language: str = "de") -> dict[str, Any]:
    """Return the schema of a whole transaction: an object with a property for each requirement.

    What depends on a condition is not required by it: conditions are evaluated here alone.
    """
    asked = service.requirements
    return {
        "$schema": DIALECT,
        "$id": f"urn:faden:service:{service.name}:{service.version}",
        "title": service.title.in_(language),
        "type": "object",
        "additionalProperties": False,
        "properties": {one.key: _schema(one, language) for one in asked},
        "required": [one.key for one in asked if not one.optional and one.when is None],
    }


def _schema(one: Requirement | Single, language: str) -> dict[str, Any]:
    said: dict[str, Any] = {"title": one.label.in_(language)}
    if one.help:
        said["description"] = one.help.in_(language)
    return said | _of_kind(one, language)


def _of_kind(  # noqa: PLR0911 - a table of kinds
    one: Requirement | Single, language: str
) -> dict[str, Any]:
    match one:
        case TextField():
            return {"type": "string", "minLength": one.shortest, "maxLength": one.longest}
        case NumberField():
            return _number(one)
        case ChoiceField():
            picks = {"enum": [option.key for option in one.options]}
            if one.kind is Kind.CHOICE:
                return picks
            several = {"type": "array", "items": picks, "uniqueItems": True}
            return several | {"minItems": one.least, "maxItems": min(one.most, len(one.options))}
        case Document():
            return {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": one.most}
        case Group():
            item = {
                "type": "object",
                "additionalProperties": False,
                "properties": {part.key: _schema(part, language) for part in one.each},
                "required": [part.key for part in one.each if not part.optional],
            }
            return {"type": "array", "items": item, "minItems": one.least, "maxItems": one.most}
    return dict(_PLAIN[one.kind])


def _number(one: NumberField) -> dict[str, Any]:
    decimals = 2 if one.kind is Kind.MONEY else one.decimals
    said: dict[str, Any] = {"type": "number" if decimals else "integer"}
    if decimals:
        said["multipleOf"] = float(Decimal(1).scaleb(-decimals))
    said |= {} if one.least is None else {"minimum": float(one.least)}
    return said | ({} if one.most is None else {"maximum": float(one.most)})


_TYPES: dict[Kind, Any] = {
    Kind.DATE: date,
    Kind.YES_NO: bool,
    Kind.SIGNATURE: bool,
    Kind.CONFIRMATION: bool,
    Kind.PAYMENT: bool,
    Kind.PLACE: dict[str, Any],
    Kind.CHOICES: tuple[str, ...],
    Kind.DOCUMENT: tuple[str, ...],
    Kind.NUMBER: Decimal,
    Kind.MONEY: Decimal,
}


def model(service: PublicService) -> type[BaseModel]:
    """Return a frozen model of a transaction's values; each is None until somebody answers."""
    fields: dict[str, Any] = {
        one.key.replace("-", "_"): (_type(one) | None, None) for one in service.requirements
    }
    name = "".join(part.capitalize() for part in service.name.split("-"))
    made: type[BaseModel] = create_model(
        name, __config__=ConfigDict(frozen=True, extra="forbid"), **fields
    )
    return made


def _type(one: Requirement | Single) -> Any:
    if not isinstance(one, Group):
        return _TYPES.get(one.kind, str)
    parts: dict[str, Any] = {
        part.key.replace("-", "_"): (_type(part) | None, None) for part in one.each
    }
    config = ConfigDict(frozen=True, extra="forbid")
    return tuple[create_model(one.key.capitalize(), __config__=config, **parts), ...]  # type: ignore[misc]
