"""The gateway's own pages: the authorities, log-in and log-out, and what a person is told in vain.

All texts are in the templates and in hub_pages; the door decides who gets here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, quote

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from gateway.gather import TooLarge
from gateway.log_in import DESK, WITHIN, Login, local
from gateway.log_out import DONE, Leave, Logout
from gateway.security_txt import write_security_txt
from gateway.sessions import Session, Sessions
from gateway.settings import GatewaySettings
from hub_contract.errors import Permanent, Temporary
from hub_kit.shell import problem_of
from hub_pages.face import NO_FACE, Face
from hub_pages.pages import Pages
from hub_pages.problems import error_page, wants_page

HERE = Path(__file__).parent
LEAVING = "faden_logout"  # the cookie that knows a log-out again when the provider sends it back
_FORM = 64 * 1024  # bytes of a form that we read ourselves
_FIELDS = 20
_GET = frozenset({"GET", "HEAD"})
_NO_STORE = {"Cache-Control": "no-store"}
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """Who asks: what their cookie says, and the session behind it."""

    cookie: str = ""
    session: Session | None = None


class Answers:
    def __init__(
        self,
        settings: GatewaySettings,
        tenants: Mapping[str, str],  # id -> name
        sessions: Sessions,
        login: Login | None,
        logout: Logout | None,
        *,
        faces: Mapping[str, Face] = MappingProxyType({}),
    ) -> None:
        self._settings, self._tenants = settings, tenants
        self._sessions, self._login, self._logout = sessions, login, logout
        self._pages, self._faces = Pages(HERE), faces
        self.cookie = "__Host-faden_session" if settings.is_secure else "faden_session"
        shared = self._pages.shared
        self.assets = replace(shared, files={**shared.files, **self._pages.own.files})

    def refuse(self, request: Request, status: int) -> Response:
        """Return why not: a page for a person, a problem for a program."""
        if wants_page(request):
            # Where a service is meant, the path is below its prefix.
            whole = self._pages.look(request).prefix + request.url.path
            tenant = whole.split("/")[1]
            # Its pictures come from the service behind us, which may be what is away.
            face = replace(self._faces.get(tenant, NO_FACE), arms=None, colours=None)
            name = self._tenants.get(tenant, "")
            return error_page(self._pages, request, status, name, face=face)
        return problem_of(status)

    def log_in_first(self, request: Request, to: str) -> Response:
        """Send a person to the log-in; a program, or a form sent too late, is only told where."""
        address = f"/login?to={quote(to, safe='/')}"
        if request.method in _GET and wants_page(request) and "hx-request" not in request.headers:
            return RedirectResponse(address, 303)
        answer = self.refuse(request, 401)
        answer.headers["X-Faden-Login"] = address
        return answer

    async def home(self, request: Request, known: Known) -> Response:
        return self._pages.page(
            request, "home.html", tenants=self._tenants, session=known.session, desk=DESK
        )

    def security_txt(self, request: Request) -> Response:
        contact, canonical = self._settings.security_contact, self._settings.public
        if not contact:
            return self.refuse(request, 404)
        said = write_security_txt(contact, canonical + request.url.path, datetime.now(UTC))
        return PlainTextResponse(said)

    async def login(self, request: Request, known: Known) -> Response:
        """Answer below /login."""
        step = ("GET" if request.method in _GET else request.method, request.url.path)
        if step == ("GET", "/login"):
            return await self._start(request, known)
        if step == ("GET", "/login/callback"):
            return await self._finish(request, known)
        if step in {("GET", "/login/as"), ("POST", "/login/as")}:
            return await self._choose(request, known)
        return self.refuse(request, 404)

    async def logout(self, request: Request, known: Known) -> Response:
        """Answer below /logout: ask for GET, end the session for POST."""
        if request.method in _GET and request.url.path == DONE:
            return self._left(request)
        if request.url.path != "/logout" or request.method not in _GET | {"POST"}:
            return self.refuse(request, 404)
        if request.method != "POST" and known.session:
            return self._pages.page(request, "log_out.html")
        id_token = await self._sessions.end(known.cookie) if known.cookie else ""
        leave = await self._leave(request, id_token)
        answer = self._logged_out(request, leave=leave)
        answer.delete_cookie(self.cookie, "/", secure=self._settings.is_secure, httponly=True)
        answer.headers["Clear-Site-Data"] = '"cache"'
        if leave:
            answer.headers["Content-Security-Policy"] = leave.policy
            self._set(answer, LEAVING, leave.state, path=DONE, max_age=WITHIN)
        return answer

    async def _leave(self, request: Request, id_token: str) -> Leave | None:
        """Here the session has ended already, whether the provider answers or not."""
        if self._logout is None:
            return None
        try:
            return await self._logout.leave(request.headers.get("host", "").lower(), id_token)
        except (Temporary, Permanent) as error:
            log.warning("logged out here only", reason=str(error)[:200])
            return None

    def _left(self, request: Request) -> Response:
        """Say that it is done, if this browser has begun it; anybody can write this address."""
        state = request.query_params.get("state", "")
        if not state or state != request.cookies.get(LEAVING):
            return RedirectResponse("/", 303)
        answer = self._logged_out(request, done=True)
        answer.delete_cookie(LEAVING, DONE, secure=self._settings.is_secure, httponly=True)
        return answer

    def _logged_out(
        self, request: Request, *, leave: Leave | None = None, done: bool = False
    ) -> Response:
        # What nobody sent here, as for a bookmark, waits for a click.
        at_once = request.method == "POST"
        return self._pages.page(
            request,
            "logged_out.html",
            leave=leave,
            at_once=at_once,
            done=done,
            provider=self._logout,
            desk=DESK,
        )

    async def hear(self, request: Request) -> Response:
        """Answer the provider, which says whose session has ended (Back-Channel Logout §2.8)."""
        if self._logout is None or request.method != "POST":
            return self.refuse(request, 405 if self._logout else 404)
        try:
            await self._logout.hear(await _read(request))
        except Permanent as error:
            log.warning("refused: a log-out of the provider", reason=str(error)[:200])
            said = {"error": "invalid_request", "error_description": str(error)}
            return JSONResponse(said, 400, _NO_STORE)
        return Response(headers=_NO_STORE)

    async def _start(self, request: Request, known: Known) -> Response:
        to = local(request.query_params.get("to", DESK))
        if known.session and known.session.acting:
            return RedirectResponse(to, 303)
        if self._login is None:
            return self._pages.page(request, "no_login.html", status=503)
        start = await self._login.start(to, request.headers.get("host", "").lower())
        answer = RedirectResponse(start.address, 303, _NO_STORE)
        self._set(answer, start.cookie, start.value, path="/login", max_age=WITHIN)
        return answer

    async def _finish(self, request: Request, known: Known) -> Response:
        if self._login is None:
            return self.refuse(request, 404)
        try:
            came = await self._login.finish(request.query_params, request.cookies)
        except Permanent as error:
            log.warning("refused: a log-in", reason=str(error)[:200])
            return self._pages.page(request, "not_logged_in.html", status=403, desk=DESK)
        if not came.session.grants:
            return self._pages.page(request, "no_role.html", status=403, name=came.session.name)
        if known.cookie:  # whoever knew the old one shall know nothing of the new one
            await self._sessions.end(known.cookie)
        to, acting = came.attempt.to, came.session.acting
        to = to if acting else f"/login/as?to={quote(to, safe='/')}"
        answer = RedirectResponse(to, 303, _NO_STORE)
        cookie = await self._sessions.begin(came.session, came.known_as, came.id_token)
        self._set(answer, self.cookie, cookie)
        answer.delete_cookie(self._login.cookie_of(came.attempt), "/login")
        return answer

    async def _choose(self, request: Request, known: Known) -> Response:
        """Let a person with several roles say which one they are in just now."""
        if known.session is None:
            return self.log_in_first(request, DESK)
        to = local(request.query_params.get("to", DESK))
        grants = {f"{g.tenant}/{g.role}": g for g in known.session.grants}
        if request.method in _GET:
            return self._pages.page(
                request, "choose.html", grants=grants, tenants=self._tenants, session=known.session
            )
        chosen = grants.get(_field(await _read(request), "grant"))
        if chosen is None:
            return self.refuse(request, 403)
        await self._sessions.act(known.cookie, replace(known.session, acting=chosen))
        return RedirectResponse(to, 303)

    def _set(
        self,
        answer: Response,
        name: str,
        value: str,
        *,
        path: str = "/",
        max_age: int | None = None,
    ) -> None:
        secure = self._settings.is_secure
        answer.set_cookie(
            name, value, max_age, path=path, httponly=True, samesite="lax", secure=secure
        )


async def _read(request: Request) -> bytes:
    """Return the form that was sent; `TooLarge` where it is none of ours."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _FORM:
            raise TooLarge
    return bytes(body)


def _field(form: bytes, name: str) -> str:
    """Return a field of a form; empty where there is none, or where it is no form."""
    try:
        fields = parse_qs(form.decode(), max_num_fields=_FIELDS)
    except ValueError:
        return ""
    return fields.get(name, [""])[0]
