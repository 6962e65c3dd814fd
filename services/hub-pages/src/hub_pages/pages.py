"""Renders the pages of one service: its templates over ours, in the reader's language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hub_contract.references import show_reference
from hub_pages import language, said, times
from hub_pages.assets import Assets
from hub_pages.caller import prefix_of
from hub_pages.explained import explain, say_problem
from hub_pages.face import NO_FACE, Face
from hub_pages.pictures import pictured
from hub_pages.refused import refused_word

_TEMPLATES = Path(__file__).parent / "templates"
_THEMES = ("light", "dark")
THEME = "faden_theme"  # a cookie; without it a page follows the system
_ROWS = ("comfortable", "compact")
ROWS = "faden_rows"  # a cookie; how close the rows of a long list stand
_YEAR = 365 * 24 * 3600  # seconds


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Look:
    """What a page shows around its content."""

    language: str
    theme: str  # light, dark, or empty: as the system has it
    prefix: str
    rows: str = "comfortable"  # or compact


class Pages:
    """`folder` is a service's package: it holds `templates/`, `words/en.po` and perhaps `static/`.

    Templates extend `hub/base.html` and import `hub/parts.html`. `more` returns what they may call
    beside that, from the function that translates.
    """

    def __init__(
        self,
        folder: Path,
        *,
        zone: ZoneInfo = times.BERLIN,
        clock: Callable[[], datetime] = now,
        static: str = "/static",
        more: Callable[[Callable[[str], str]], Mapping[str, Any]] = lambda _: {},
        faces: Mapping[str, Face] = MappingProxyType({}),
    ) -> None:
        self.clock, self.zone, self.static, self.more = clock, zone, static, more
        self.shared = Assets.read()
        self._faces = faces
        pictures = {name: data for face in faces.values() for name, data in face.assets().items()}
        self.own = Assets.read(folder / "static", pictures)
        words = [folder / "words", language.OWN]
        words = [one for one in words if (one / "en.po").exists()]
        self.words = {code: language.read_words(code, words) for code in language.LANGUAGES}
        self._environments = {code: self._environment(folder, code) for code in self.words}

    def _environment(self, folder: Path, code: str) -> Environment:
        made = Environment(
            loader=FileSystemLoader([folder / "templates", _TEMPLATES]),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        words = self.words[code]
        made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
        made.globals |= {
            "shared": lambda name: self.static + self.shared.path(name),
            "own": _own(self.own),
            "say_time": lambda moment: self._time(times.say_time, moment, code),
            "say_how_long": lambda since: self._time(times.say_how_long, since, code),
            "say_exactly": self._exactly(code),
            "say_until": self._until(code),
            "is_past": self.is_past,
            "say_day": lambda day: times.say_day(day, self.today(), code),
            "show_reference": show_reference,
            "languages": {"de": "Deutsch", "en": "English"},
            "channel_mark": lru_cache(lambda word: said.channel_mark(word, words.gettext)),
            "channel_word": lambda word: said.say_channel(word, words.gettext),
            "kind_word": lambda word: said.say_word(said.KINDS, word, words.gettext),
            "delivery_word": lambda word: said.say_word(said.DELIVERY, word, words.gettext),
            "delivery_tone": lambda word: said.TONES.get(word, "info"),
            "reason_word": lambda word: said.say_word(
                said.REASONS, word, words.gettext, said.OTHER
            ),
            "cost_word": lambda cost: said.say_cost(cost, code),
            "count_word": lambda number: said.say_count(number, code),
            "pictured": lambda text, route, files: pictured(text, route, files, words.gettext),
            "size_word": lambda size: said.say_size(size, code),
            "why_word": lambda word: explain(word, words.gettext),
            "problem_word": lambda word, about: say_problem(word, about, words.gettext),
            "dialled": dialled,
            "refused_word": lambda word: refused_word(word, words.gettext),
        }
        made.globals |= self.more(words.gettext)
        return made

    def face(self, tenant: str) -> Face:
        """Return the face of this authority, which is empty where it has brought none."""
        return self._faces.get(tenant, NO_FACE)

    def today(self) -> date:
        return self.clock().astimezone(self.zone).date()

    def _time(self, say: Callable[..., str], moment: datetime | str, code: str) -> Markup:
        exact = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return times.time_element(say, exact, self.clock(), code, self.zone)

    def _until(self, code: str) -> Callable[[str], str]:
        def say(moment: str) -> str:
            exact = datetime.fromisoformat(moment)
            return times.say_until(exact, self.clock(), code, self.zone)

        return say

    def is_past(self, moment: str) -> bool:
        """Say whether this moment, as a service has written it, is over."""
        return datetime.fromisoformat(moment) < self.clock()

    def _exactly(self, code: str) -> Callable[[str], str]:
        def say(moment: str) -> str:
            return times.say_exactly(datetime.fromisoformat(moment), code, self.zone)

        return say

    def say(self, code: str) -> Callable[[str], str]:
        """Return the function that says a German sentence in this language, for Python code."""
        return self.words[code].gettext

    def look(self, request: Request) -> Look:
        theme = request.query_params.get("theme") or request.cookies.get(THEME, "")
        rows = request.query_params.get("rows") or request.cookies.get(ROWS, "")
        return Look(
            language.language_of(request),
            theme if theme in _THEMES else "",
            prefix_of(request.headers.get("x-forwarded-prefix", "")),
            rows if rows in _ROWS else _ROWS[0],
        )

    def html(self, request: Request, template: str, values: Mapping[str, Any]) -> str:
        """Return the text of a page, or of a piece of one."""
        look = self.look(request)
        path = look.prefix + request.url.path
        here = {"look": look, "prefix": look.prefix, "path": path, "face": NO_FACE}
        return self._environments[look.language].get_template(template).render(here | dict(values))

    def page(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return a page; what the visitor chose on it (language, colours, rows) is remembered."""
        answer = HTMLResponse(self.html(request, template, values), status)
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers["Content-Language"] = self.look(request).language
        for cookie, name in ((language.COOKIE, "lang"), (THEME, "theme"), (ROWS, "rows")):
            if chosen := request.query_params.get(name):
                _remember(answer, request, cookie, chosen)
        return answer


def dialled(number: str) -> str:
    """Return what a tel: link says of a number as people write it (RFC 3966)."""
    return "".join(sign for sign in number if sign in "+0123456789")


def _remember(answer: HTMLResponse, request: Request, cookie: str, chosen: str) -> None:
    known = chosen in (*language.LANGUAGES, *_THEMES, *_ROWS)
    answer.set_cookie(
        cookie,
        chosen if known else "",  # «as the system has it» forgets
        max_age=_YEAR if known else 0,
        path=prefix_of(request.headers.get("x-forwarded-prefix", "")) or "/",
        httponly=True,
        samesite="lax",
    )


def _own(assets: Assets) -> Callable[..., str]:
    @pass_context
    def own(context: Context, name: str) -> str:
        """Return the address of an asset of this service, below its prefix."""
        return f"{context['prefix']}/static{assets.path(name)}"

    return own
