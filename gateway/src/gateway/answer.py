"""The gateway's own pages: the authorities, log-in and log-out, and what a person is told in vain.

All texts are in the templates and in hub_pages; the door decides who gets here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.log_in import DESK, WITHIN, Login, local
from gateway.sessions import Session, Sessions
from gateway.settings import GatewaySettings
from hub_contract.errors import Permanent
from hub_kit.shell import problem_of
from hub_pages.pages import Pages
from hub_pages.problems import error_page, wants_page

HERE = Path(__file__).parent


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
    ) -> None:
        self._settings, self._tenants = settings, tenants
        self._sessions, self._login = sessions, login
        self._pages = Pages(HERE)
        self.cookie = "__Host-faden_session" if settings.is_secure else "faden_session"
        self.assets = self._pages.shared

    def refuse(self, request: Request, status: int) -> Response:
        """Return why not: a page for a person, a problem for a program."""
        if wants_page(request):
            first = request.url.path.split("/")[1]
            return error_page(self._pages, request, status, self._tenants.get(first, ""))
        return problem_of(status)

    def log_in_first(self, request: Request, to: str) -> Response:
        """Send a person to the log-in; a program, or a form sent too late, is only told where."""
        address = f"/login?to={quote(to, safe='/')}"
        if request.method == "GET" and wants_page(request) and "hx-request" not in request.headers:
            return RedirectResponse(address, 303)
        answer = self.refuse(request, 401)
        answer.headers["X-Faden-Login"] = address
        return answer

    async def home(self, request: Request, known: Known) -> Response:
        return self._pages.page(
            request, "home.html", tenants=self._tenants, session=known.session, desk=DESK
        )

    async def login(self, request: Request, known: Known) -> Response:
        """Answer below /login."""
        step = (request.method, request.url.path)
        if step == ("GET", "/login"):
            return await self._start(request, known)
        if step == ("GET", "/login/callback"):
            return await self._finish(request, known)
        if step in {("GET", "/login/as"), ("POST", "/login/as")}:
            return await self._choose(request, known)
        return self.refuse(request, 404)

    async def logout(self, request: Request, known: Known) -> Response:
        """Answer /logout: ask for GET, end the session for POST."""
        if request.url.path != "/logout" or request.method not in {"GET", "HEAD", "POST"}:
            return self.refuse(request, 404)
        if request.method != "POST" and known.session:
            return self._pages.page(request, "log_out.html")
        if known.cookie:
            await self._sessions.end(known.cookie)
        ours = request.headers.get("host", "").lower()
        elsewhere = await self._login.end_address(ours) if self._login else ""
        answer = self._pages.page(request, "logged_out.html", elsewhere=elsewhere, desk=DESK)
        answer.delete_cookie(self.cookie, "/", secure=self._settings.is_secure, httponly=True)
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    async def _start(self, request: Request, known: Known) -> Response:
        to = local(request.query_params.get("to", DESK))
        if known.session and known.session.acting:
            return RedirectResponse(to, 303)
        if self._login is None:
            return self._pages.page(request, "no_login.html", status=503)
        start = await self._login.start(to, request.headers.get("host", "").lower())
        answer = RedirectResponse(start.address, 303, {"Cache-Control": "no-store"})
        self._set(answer, start.cookie, start.value, path="/login", max_age=WITHIN)
        return answer

    async def _finish(self, request: Request, known: Known) -> Response:
        if self._login is None:
            return self.refuse(request, 404)
        try:
            session, attempt = await self._login.finish(request.query_params, request.cookies)
        except Permanent:
            return self._pages.page(request, "not_logged_in.html", status=403, desk=DESK)
        if not session.grants:
            return self._pages.page(request, "no_role.html", status=403, name=session.name)
        if known.cookie:  # whoever knew the old one shall know nothing of the new one
            await self._sessions.end(known.cookie)
        to = attempt.to if session.acting else f"/login/as?to={quote(attempt.to, safe='/')}"
        answer = RedirectResponse(to, 303, {"Cache-Control": "no-store"})
        self._set(answer, self.cookie, await self._sessions.begin(session))
        answer.delete_cookie(self._login.cookie_of(attempt), "/login")
        return answer

    async def _choose(self, request: Request, known: Known) -> Response:
        """Let a person with several roles say which one they are in just now."""
        if known.session is None:
            return self.log_in_first(request, DESK)
        to = local(request.query_params.get("to", DESK))
        grants = {f"{g.tenant}/{g.role}": g for g in known.session.grants}
        if request.method == "GET":
            return self._pages.page(
                request, "choose.html", grants=grants, tenants=self._tenants, session=known.session
            )
        async with request.form() as form:
            chosen = grants.get(str(form.get("grant", "")))
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
