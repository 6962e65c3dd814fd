"""Shows errors as pages to people, as problems to programs: what is, what is kept, what to do."""

from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from hub_contract.errors import Permanent, Temporary
from hub_contract.refusals import Refusal
from hub_kit.shell import problem_of, refuse
from hub_kit.tokens import Refused
from hub_pages.caller import tenant_of
from hub_pages.face import NO_FACE, Face
from hub_pages.pages import Pages
from hub_pages.refused import REFUSALS
from hub_pages.said import mark

# By status: what happened, and what is kept and to be done.
_SAID: dict[int, tuple[str, tuple[str, ...]]] = {
    401: (mark("Bitte melden Sie sich an"), (REFUSALS[Refusal.UNAUTHORIZED],)),
    403: (mark("Das ist Ihnen nicht erlaubt"), (REFUSALS[Refusal.FORBIDDEN],)),
    404: (
        mark("Diese Seite gibt es nicht"),
        (mark("Vielleicht ist die Adresse nicht vollständig. Es ist nichts verloren gegangen."),),
    ),
    413: (
        mark("Das ist zu groß"),
        (
            mark("Die Datei wurde nicht angenommen. Bitte senden Sie eine kleinere Datei."),
            mark("Gehen Sie dafür eine Seite zurück: Was Sie geschrieben haben, steht noch dort."),
        ),
    ),
    422: (
        mark("Das konnten wir nicht lesen"),
        (mark("Bitte gehen Sie zurück und versuchen Sie es noch einmal."),),
    ),
    429: (
        mark("Bitte warten Sie einen Augenblick"),
        (mark("Es kamen zu viele Anfragen. Versuchen Sie es in einigen Minuten noch einmal."),),
    ),
    503: (
        mark("Das geht gerade nicht"),
        (REFUSALS[Refusal.AWAY], mark("Bitte versuchen Sie es in einer Minute noch einmal.")),
    ),
}
_REFUSED = mark("Das geht so nicht")
_BROKEN = mark("Das hat nicht geklappt"), (REFUSALS[Refusal.BROKEN],)


def wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def error_page(
    pages: Pages,
    request: Request,
    status: int,
    authority: str = "",
    refusal: Refusal | None = None,
    *,
    face: Face = NO_FACE,
) -> Response:
    """Return the page that tells a person what this status means, and whose page it is.

    `refusal`: why what she asked for was not done, where more is known than the status.
    """
    title, sentences = _SAID.get(status, _BROKEN)
    if refusal:
        title, sentences = _REFUSED, (REFUSALS[refusal],)
    say = pages.say(pages.look(request).language)
    return pages.page(
        request,
        "hub/error.html",
        status=status,
        title=say(title),
        sentences=[say(sentence) for sentence in sentences],
        authority=authority or "Faden",
        face=face,
        again=status in {429, 503} and request.method == "GET",
    )


def add_error_pages(
    app: FastAPI, pages: Pages, authority_of: Callable[[str], str], audience: str
) -> None:
    """Answer people's browsers with pages; whoever asks for something else gets the problem.

    `authority_of` names the authority of a tenant; `audience` is this service in a token.
    """

    def answer(
        request: Request, status: int, detail: str = "", refusal: Refusal | None = None
    ) -> Response:
        if not wants_page(request):
            return refuse(refusal, detail) if refusal else problem_of(status, detail)
        tenant = tenant_of(request, audience)
        authority = authority_of(tenant) if tenant else ""
        return error_page(pages, request, status, authority, refusal, face=pages.face(tenant))

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        answered = answer(request, error.status_code, str(error.detail))
        answered.headers.update(error.headers or {})
        return answered

    @app.exception_handler(Temporary)
    async def later(request: Request, _: Temporary) -> Response:
        return answer(request, 503)

    @app.exception_handler(Permanent)
    async def never(request: Request, error: Permanent) -> Response:
        return answer(request, error.code.status, str(error), error.code)

    @app.exception_handler(Refused)
    async def refused(request: Request, _: Refused) -> Response:
        return answer(request, 401)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, _: RequestValidationError) -> Response:
        return answer(request, 422) if wants_page(request) else refuse(Refusal.NOT_VALID)

    @app.exception_handler(Exception)
    async def broken(request: Request, _: Exception) -> Response:
        return answer(request, 500)
