"""What every route of the desk has at hand, and who may ask it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub_contract.channels import CHANNELS
from hub_kit.ground import Ground
from hub_kit.rights import may
from hub_pages.caller import Visitor, visitor_of
from hub_pages.pages import Pages
from workspace.ask import Service
from workspace.settings import SERVICE, WorkspaceSettings


@dataclass(frozen=True)
class Desk:
    ground: Ground
    settings: WorkspaceSettings
    store: Service
    pages: Pages
    operations: Mapping[str, Service]  # every service whose state an operator sees

    def language(self, request: Request) -> str:
        return self.pages.look(request).language

    def page(
        self, request: Request, visitor: Visitor, template: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return a page or a piece of one, with what the frame of the desk shows."""
        frame = {
            "visitor": visitor,
            "me": visitor.caller.who,
            "face": self.pages.face(visitor.caller.tenant),
            "tenant_name": self.authority(visitor.caller.tenant),
            "may_read": may(visitor.caller.role, "read", "conversation"),
            "may_scan": may(visitor.caller.role, "write", "scans")
            and self.has_paper(visitor.caller.tenant),
            "may_operate": may(visitor.caller.role, "read", "operations"),
            "may_release": may(visitor.caller.role, "release", "entry"),
        }
        return self.pages.page(request, template, status=status, **{**frame, **values})

    def has_paper(self, tenant: str) -> bool:
        """Say whether letters of this authority are scanned here."""
        known = self.ground.settings.tenants.get(tenant)
        accounts = known.accounts.values() if known else ()
        return any(CHANNELS[one.channel].scanned for one in accounts)

    def authority(self, tenant: str) -> str:
        known = self.ground.settings.tenants.get(tenant)
        return self.pages.face(tenant).name or (known.name if known else tenant)


async def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(desk_of)]
TheVisitor = Annotated[Visitor, Depends(visitor_of(SERVICE))]


async def agent_of(visitor: TheVisitor) -> Visitor:
    """Return who asks for conversations; others get 403."""
    if not may(visitor.caller.role, "read", "conversation"):
        raise HTTPException(403)
    return visitor


async def operator_of(visitor: TheVisitor) -> Visitor:
    if not may(visitor.caller.role, "read", "operations"):
        raise HTTPException(403)
    return visitor


TheAgent = Annotated[Visitor, Depends(agent_of)]
TheOperator = Annotated[Visitor, Depends(operator_of)]


def is_piece(request: Request) -> bool:
    """Say whether htmx asks for a piece of a page that stands; going back wants it whole."""
    headers = request.headers
    return "hx-request" in headers and "hx-history-restore-request" not in headers


def back_to(visitor: Visitor, path: str) -> Response:
    """Lead a browser without htmx back to a page after it has sent a form (RFC 9110 §15.4.4)."""
    return RedirectResponse(visitor.prefix + path, 303)
