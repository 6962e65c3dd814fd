"""The face of an authority, from the files that it brings: pure, as values that pages show.

Every fault names file, field or line, and the remedy; a face with one is refused whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hub_contract.contact_points import contact_point
from hub_contract.words import ContactKind
from hub_pages.face.arms import Arms, read_arms
from hub_pages.face.colour import Colours, read_colours
from hub_pages.face.fault import Fault
from hub_pages.face.prose import to_html

FILE = "face.yaml"
PAGES = ("imprint", "privacy", "accessibility")
LANGUAGES = ("de", "en")
TEXTS = tuple(f"{page}.{language}.md" for page in PAGES for language in LANGUAGES)
ARMS = ("arms.svg", "arms.png")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Words(_Part):
    """A text in German and English; where there is no English, the German is shown and marked."""

    de: str = Field(min_length=1, max_length=2_000)
    en: str = Field(default="", max_length=2_000)

    @model_validator(mode="before")
    @classmethod
    def one_for_both(cls, value: object) -> object:
        return {"de": value} if isinstance(value, str) else value

    def read(self, language: str) -> str:
        return (language == "en" and self.en) or self.de

    def language(self, language: str) -> str:
        """Return in which language `read` answers."""
        return "en" if language == "en" and self.en else "de"


class Matter(_Part):
    """Something that citizens write about; `title` becomes the subject of their message."""

    title: Words
    about: Words

    @field_validator("title")
    @classmethod
    def short(cls, value: Words) -> Words:
        if max(len(value.de), len(value.en)) > 80:
            raise ValueError("has more than 80 letters; shorten it")
        return value


class _Written(_Part):
    """What stands in face.yaml."""

    name: str = Field(default="", max_length=120)
    about: Words | None = None
    colour: str = ""
    colour_dark: str = ""
    phone: str = Field(default="", pattern=r"^(\+?[0-9][0-9 ()/-]{2,30})?$")
    hours: Words | None = None
    email: str = ""
    address: str = Field(default="", max_length=300)
    matters: dict[str, Matter] = Field(default={}, max_length=12)
    signature: Words | None = None

    @field_validator("email")
    @classmethod
    def real_address(cls, value: str) -> str:
        if value and contact_point(ContactKind.EMAIL, value).as_written:
            raise ValueError("is no address; write name@domain")
        return value

    @field_validator("signature")
    @classmethod
    def without_mark(cls, value: Words | None) -> Words | None:
        lines = f"{value.de}\n{value.en}".splitlines() if value else []
        if any(line.rstrip() == "--" for line in lines):
            raise ValueError("has a line with --; leave it out, mails get it anyhow")
        return value

    @field_validator("matters")
    @classmethod
    def known_keys(cls, value: dict[str, Matter]) -> dict[str, Matter]:
        for key in value:
            if not (key.isascii() and key.replace("-", "").isalnum() and len(key) <= 40):
                raise ValueError(f"{key!r} stands in addresses; write letters, digits, hyphens")
        return value


@dataclass(frozen=True, slots=True)
class Face:
    """What pages and mails of one authority show; without a face all of it is empty."""

    tenant: str = ""
    name: str = ""
    about: Words | None = None
    arms: Arms | None = None
    colours: Colours | None = None
    phone: str = ""
    hours: Words | None = None
    email: str = ""
    address: str = ""
    matters: Mapping[str, Matter] = field(default_factory=dict)
    signature: Words | None = None
    pages: Mapping[str, Mapping[str, Markup]] = field(default_factory=dict)  # name -> language

    def text(self, page: str, language: str) -> tuple[str, Markup]:
        """Return a text of PAGES and its language; empty where the authority brought none."""
        found = self.pages.get(page, {})
        own = language if language in found else next(iter(found), language)
        return own, found.get(own, Markup())

    @property
    def arms_path(self) -> str:
        return f"faces/{self.tenant}/{self.arms.file}" if self.arms else ""

    @property
    def style_path(self) -> str:
        return f"faces/{self.tenant}/face.css" if self.colours else ""

    def assets(self) -> dict[str, bytes]:
        """Return the files that browsers load, by their paths."""
        files = {self.arms_path: self.arms.data} if self.arms else {}
        style = {self.style_path: self.colours.style().encode()} if self.colours else {}
        return files | style


NO_FACE = Face()


def parse_face(tenant: str, files: Mapping[str, bytes]) -> tuple[Face, list[Fault]]:
    """Return the face that these files make, by their names, and all that is wrong with them."""
    written, faults = _read_yaml(files.get(FILE))
    colours, wrong = read_colours(FILE, written.colour, written.colour_dark)
    arms, broken = _read_arms(files)
    pages, odd = _read_pages(files)
    more = written.model_dump(include=set(_SAME))
    shown = {name: getattr(written, name) for name in more}
    face = Face(tenant, arms=arms, colours=colours, pages=pages, **shown)
    return face, [*faults, *wrong, *broken, *odd]


_SAME = ("name", "about", "phone", "hours", "email", "address", "matters", "signature")
_REMEDIES = {
    "missing": "add it",
    "extra_forbidden": "remove it, or mend the spelling",
    "string_type": "put it in quotes",
    "string_too_short": "write something, or leave it out",
    "string_too_long": "shorten it",
    "string_pattern_mismatch": "write digits, blanks and + - / ( )",
    "too_long": "name fewer",
    "model_type": "write a text, or de: and en: below it",
}


def _read_yaml(data: bytes | None) -> tuple[_Written, list[Fault]]:
    if data is None:
        return _Written(), [Fault(FILE, "", "is missing", "write it, see docs/face.md")]
    try:
        document: Any = yaml.safe_load(data) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else ""
        return _Written(), [Fault(FILE, line, "is not YAML", "check indent, colons and quotes")]
    try:
        return _Written.model_validate(document), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return _Written(), [_fault(one["loc"], one["type"], one["msg"]) for one in found]


def _fault(place: tuple[int | str, ...], kind: str, said: str) -> Fault:
    where = ".".join(str(part) for part in place if part != "[key]")
    fault, _, remedy = said.removeprefix("Value error, ").partition("; ")
    return Fault(FILE, where, fault, remedy or _REMEDIES.get(kind, "correct it"))


def _read_arms(files: Mapping[str, bytes]) -> tuple[Arms | None, list[Fault]]:
    found = [name for name in ARMS if name in files]
    if len(found) > 1:
        return None, [Fault(found[1], "", f"{found[0]} is there too", "remove one of them")]
    return read_arms(found[0], files[found[0]]) if found else (None, [])


def _read_pages(
    files: Mapping[str, bytes],
) -> tuple[dict[str, dict[str, Markup]], list[Fault]]:
    pages: dict[str, dict[str, Markup]] = {}
    faults = []
    for name in sorted(name for name in files if name.endswith(".md")):
        if name not in TEXTS:
            known = f"name it one of {', '.join(TEXTS)}"
            faults.append(Fault(name, "", "belongs to no page", known))
            continue
        page, language, _ = name.split(".")
        pages.setdefault(page, {})[language], wrong = to_html(name, files[name])
        faults += wrong
    return pages, faults
