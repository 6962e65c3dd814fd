"""Telnyx's interface for faxes, as far as the hub and Telnyx's own client use it.

https://developers.telnyx.com/docs/programmable-fax
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.datastructures import UploadFile

from local_hub.peers.faxes.call import Call, FaxCaller, as_json
from local_hub.peers.faxes.machines import Fax, Machines
from local_hub.peers.faxes.sheets import count

PREFIX = "/telnyx"
_LARGEST = 20_000_000  # bytes of a file that is laid down
_STEPS = ("queued", "media.processed", "sending.started")
_EVENT_STATUS = {"sending.started": "sending"}


class TelnyxInterface:
    """What stands under `/v2`."""

    def __init__(self, machines: Machines, caller: FaxCaller) -> None:
        self._machines, self._caller = machines, caller

    async def upload(self, request: Request) -> Response:
        self._check(request)
        if refused := self._refuse():
            return refused
        async with request.form() as form:
            file = form.get("media")
            if not isinstance(file, UploadFile):
                return _error(422, "10015", "media: no file")
            data, kind = await file.read(), file.content_type
            name = str(form.get("media_name") or uuid4())
        if len(data) > _LARGEST:
            return _error(422, "10015", "media: larger than 20 MB")
        self._machines.media[name] = data
        moment = datetime.now(UTC).isoformat()
        said = {"media_name": name, "created_at": moment, "content_type": kind}
        return JSONResponse({"data": said}, 201)

    async def create(self, request: Request) -> Response:
        self._check(request)
        if refused := self._refuse():
            return refused
        said = await request.json()
        number = self._machines.settings.numbers.get(str(said.get("from")))
        if number is None or number.connection_id != said.get("connection_id"):
            return _error(422, "10011", "connection_id: not yours, or not of this number")
        file = self._machines.media.get(str(said.get("media_name")), b"")
        if not file:
            return _error(422, "10015", "media_name: no such file")
        if not str(said.get("to", "")).startswith("+"):
            return _error(422, "10016", "to: no number in E.164")
        hook = str(said.get("webhook_url") or f"{self._machines.settings.hub}{number.hook}")
        fax = self._machines.take(said["from"], said["to"], file, count(file), hook)
        fax.client_state = str(said.get("client_state") or "")
        answer = {"data": self.written(fax)}
        self._report(fax)
        if self._machines.faults.loses():
            return _error(500, "10007", "Unexpected error")
        return JSONResponse(answer, 202)

    async def find(self, request: Request) -> Response:
        self._check(request)
        if refused := self._refuse():
            return refused
        wanted = request.query_params
        since = wanted.get("filter[created_at][gte]", "")
        after = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
        found = [
            one
            for one in reversed(self._machines.faxes.values())
            if self._is_ours(one)
            and wanted.get("filter[direction][eq]", one.direction) == one.direction
            and wanted.get("filter[to][eq]", one.to) == one.to
            and wanted.get("filter[from][eq]", one.sender) == one.sender
            and one.at >= after
        ]
        number = int(wanted.get("page[number]", "1"))
        size = int(wanted.get("page[size]", "20"))
        shown = found[(number - 1) * size : number * size]
        meta = {
            "page_number": number,
            "page_size": size,
            "total_results": len(found),
            "total_pages": -(-len(found) // size),
        }
        return JSONResponse({"data": [self.written(one) for one in shown], "meta": meta})

    async def one(self, fax: str, request: Request) -> Response:
        self._check(request)
        return JSONResponse({"data": self.written(self._fax(fax))})

    async def refresh(self, fax: str, request: Request) -> Response:
        self._check(request)
        lives = max(self._machines.faults.link_lives, 1)
        self._fax(fax).renew(timedelta(seconds=lives))
        return JSONResponse({"data": {"result": "ok"}})

    async def stored(self, fax: str, link: str) -> Response:
        """Give a file out by its address, without a key, while the address lives."""
        found, faults = self._fax(fax), self._machines.faults
        if faults.media_answer:
            return Response(status_code=faults.media_answer)
        if not secrets.compare_digest(link, found.link) or datetime.now(UTC) > found.link_until:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403)
        kind = faults.media_type or "application/pdf"
        if faults.endless:
            return StreamingResponse(_endless(), media_type=kind)
        return Response(found.file, media_type=kind)

    def tell(self, fax: Fax) -> Call:
        """Return the hook that says that a fax has come in."""
        number = self._machines.number(fax.to)
        payload = self._payload(fax) | {
            "status": "received",
            "page_count": fax.pages,
            "call_duration_secs": 30 * fax.pages,
            "media_url": self._link(fax),
            "partial_content": fax.partial,
        }
        address = f"{self._machines.settings.hub}{number.hook}"
        return Call(address, _event("fax.received", payload, address), signed=True)

    def _report(self, fax: Fax) -> None:
        """Say how far it got, by hooks: in order mostly, never surely (Telnyx says so itself)."""
        last, failure = self._machines.fate(fax)
        faults = self._machines.faults
        words = [*_STEPS, last]
        if faults.disorder:
            words.reverse()
        for number, word in enumerate(words * faults.repeat):
            payload = self._payload(fax) | {
                "status": _EVENT_STATUS.get(word, word),
                "client_state": fax.client_state,
            }
            if word == "delivered":
                payload |= {"page_count": fax.pages, "call_duration_secs": 30 * fax.pages}
            if word == "failed":
                payload |= {"failure_reason": failure}
            if not faults.silent:
                body = _event(f"fax.{word}", payload, fax.hook)
                self._caller.leave(Call(fax.hook, body, signed=True), after=0.1 * (number + 1))
        fax.status, fax.failure = last, failure

    def written(self, fax: Fax) -> dict[str, Any]:
        inbound = fax.direction == "inbound"
        return {
            "id": fax.id,
            "record_type": "fax",
            "connection_id": self._connection(fax),
            "direction": fax.direction,
            "from": fax.sender,
            "to": fax.to,
            "status": fax.status,
            "failure_reason": fax.failure or None,
            "client_state": fax.client_state or None,
            "media_url": self._link(fax) if inbound else None,
            "quality": "high",
            "store_media": False,
            "created_at": fax.at.isoformat(),
            "updated_at": fax.at.isoformat(),
        }

    def _payload(self, fax: Fax) -> dict[str, Any]:
        return {
            "fax_id": fax.id,
            "connection_id": self._connection(fax),
            "direction": fax.direction,
            "from": fax.sender,
            "to": fax.to,
            "user_id": "00000000-0000-4000-8000-000000000001",
        }

    def _connection(self, fax: Fax) -> str:
        ours = fax.to if fax.direction == "inbound" else fax.sender
        return self._machines.number(ours).connection_id

    def _link(self, fax: Fax) -> str:
        return f"{self._machines.settings.address}{PREFIX}/v2/stored/{fax.id}/{fax.link}"

    def _is_ours(self, fax: Fax) -> bool:
        return bool(self._connection(fax))

    def _refuse(self) -> Response | None:
        faults = self._machines.faults
        if faults.takes():
            return None
        headers = {"Retry-After": str(faults.retry_after)} if faults.retry_after else {}
        return _error(faults.answer, "10011" if faults.answer == 429 else "10007", "Later", headers)

    def _check(self, request: Request) -> None:
        right = f"Bearer {self._machines.token}".encode()
        said = request.headers.get("authorization", "").encode()
        if not secrets.compare_digest(said, right):
            raise HTTPException(401, "Authentication failed")

    def _fax(self, fax: str) -> Fax:
        if found := self._machines.faxes.get(fax):
            return found
        raise HTTPException(404)


def make_telnyx(machines: Machines, caller: FaxCaller) -> tuple[APIRouter, TelnyxInterface]:
    interface = TelnyxInterface(machines, caller)
    router = APIRouter(prefix=f"{PREFIX}/v2", include_in_schema=False)
    router.add_api_route("/media", interface.upload, methods=["POST"])
    router.add_api_route("/faxes", interface.create, methods=["POST"])
    router.add_api_route("/faxes", interface.find)
    router.add_api_route("/faxes/{fax}", interface.one)
    router.add_api_route("/faxes/{fax}/actions/refresh", interface.refresh, methods=["POST"])
    router.add_api_route("/stored/{fax}/{link}", interface.stored)
    return router, interface


def _event(kind: str, payload: dict[str, Any], address: str) -> bytes:
    data = {
        "record_type": "event",
        "id": str(uuid4()),
        "event_type": kind,
        "occurred_at": datetime.now(UTC).isoformat(),
        "payload": payload,
    }
    return as_json({"data": data, "meta": {"attempt": 1, "delivered_to": address}})


def _error(
    status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    errors = [{"code": code, "title": "Refused", "detail": detail}]
    return JSONResponse({"errors": errors}, status, headers)


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"%PDF-" + b"\0" * 65_536
        await asyncio.sleep(0)  # else nobody would notice that the other end has left
