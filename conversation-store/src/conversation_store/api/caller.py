"""Says who calls and for which tenant: a signed service token, and nothing else.

All of it is async though nothing waits: FastAPI hands what is not to a thread, at 0.1 ms each.
"""

from typing import Annotated, TypeVar

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from conversation_store.explain import LANGUAGES
from conversation_store.settings import SERVICE
from conversation_store.store import Store
from hub_kit.tokens import Caller, Refused, verify

T = TypeVar("T")
STAFF = frozenset({"agent", "supervisor", "service"})
_BEARER = HTTPBearer(auto_error=False, description="a service token with audience " + SERVICE)
_ROLE_MISSING = "The timeline is for staff; citizens read their own through the portal"


async def store_of(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


TheStore = Annotated[Store, Depends(store_of)]


async def caller_of(
    store: TheStore,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Caller:
    """Return who calls; 401 without a good token, 403 for a role that may not read timelines."""
    try:
        caller = verify(store.ground.ring, bearer.credentials if bearer else "", SERVICE)
    except Refused:
        raise HTTPException(401, "A valid service token is needed") from None
    if caller.role not in STAFF:
        raise HTTPException(403, _ROLE_MISSING)
    return caller


TheCaller = Annotated[Caller, Depends(caller_of)]


async def language_of(request: Request) -> str:
    """Return the first language of ours that the caller accepts; German where none is."""
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


TheLanguage = Annotated[str, Depends(language_of)]


def found(thing: T | None) -> T:
    """Return it, or answer 404: the same for what is not there and what is another tenant's."""
    if thing is None:
        raise HTTPException(404, "Not found")
    return thing
