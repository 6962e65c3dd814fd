"""Says who calls and for which tenant: a signed service token, and nothing else.

All of it is async though nothing waits: FastAPI hands what is not to a thread, at 0.1 ms each.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from conversation_store.settings import SERVICE
from conversation_store.show.mine import Citizen
from conversation_store.store import Store
from hub_kit.rights import may
from hub_kit.tokens import Caller, Refused, verify

T = TypeVar("T")
_BEARER = HTTPBearer(auto_error=False, description="a service token with audience " + SERVICE)
_FORBIDDEN = {
    "conversation": "The timeline is for staff; citizens read their own through the portal",
    "people": "Who takes part in a conversation is for staff and the portal",
    "entry": "For supervisors alone: what is erased, or let out of quarantine, stays so",
    "mine": "This is for the portal, on behalf of one citizen",
}


async def store_of(request: Request) -> Store:
    """Return the store, once a database that was restored has erased again what it had erased."""
    store: Store = request.app.state.store
    await store.ground.erasures.replayed()
    return store


TheStore = Annotated[Store, Depends(store_of)]


def who_may(action: str, thing: str) -> Callable[..., Awaitable[Caller]]:
    """Return a dependency: who calls; 401 without a good token, 403 for another role."""

    async def caller_of(
        store: TheStore,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> Caller:
        try:
            caller = verify(store.ground.ring, bearer.credentials if bearer else "", SERVICE)
        except Refused:
            raise HTTPException(401, "A valid service token is needed") from None
        if not may(caller.role, action, thing):
            raise HTTPException(403, _FORBIDDEN[thing])
        return caller

    return caller_of


TheReader = Annotated[Caller, Depends(who_may("read", "conversation"))]
TheOnlooker = Annotated[Caller, Depends(who_may("read", "people"))]
TheCaller = Annotated[Caller, Depends(who_may("write", "conversation"))]
TheReleaser = Annotated[Caller, Depends(who_may("release", "entry"))]
TheEraser = Annotated[Caller, Depends(who_may("erase", "entry"))]


async def citizen_of(
    store: TheStore, caller: Annotated[Caller, Depends(who_may("read", "mine"))]
) -> Citizen:
    return Citizen.of(store.ground, caller)


TheCitizen = Annotated[Citizen, Depends(citizen_of)]


def found(thing: T | None) -> T:
    """Return it, or answer 404: the same for what is not there and what is another tenant's."""
    if thing is None:
        raise HTTPException(404, "Not found")
    return thing
