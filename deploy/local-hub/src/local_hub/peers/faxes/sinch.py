"""Sinch's interface for faxes (Fax API 3.0), as far as the hub uses it; its hooks are not signed.

https://developers.sinch.com/docs/fax/api-reference/fax
"""

import base64
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from local_hub.peers.faxes.call import Call, FaxCaller, as_json
from local_hub.peers.faxes.machines import Fax, Machines
from local_hub.peers.faxes.sheets import count

PREFIX = "/sinch"
_STATUS = {"queued": "QUEUED", "sending": "IN_PROGRESS", "failed": "FAILURE"}
# Telnyx's words, in which machines say how they fail, as Sinch's numbers.
_CODES = {
    "user_busy": (17, "CALL_ERROR", "Busy"),
    "receiver_no_answer": (16, "CALL_ERROR", "Ring Timeout"),
    "receiver_unallocated_number": (34, "CALL_ERROR", "Phone number not operational"),
    "receiver_call_dropped": (131, "FAX_ERROR", "Incomplete transmission"),
}
_OTHER = (6, "FAX_ERROR", "There was an error communicating with the far side.")


class SinchInterface:
    """What stands under `/v3/projects/{project}/faxes`."""

    def __init__(self, machines: Machines, caller: FaxCaller) -> None:
        self._machines, self._caller = machines, caller

    async def create(self, project: str, request: Request) -> Response:
        self._check(project, request)
        if refused := self._refuse():
            return refused
        async with request.form() as form:
            file = form.get("file")
            data = await file.read() if isinstance(file, UploadFile) else b""
            said = {name: value for name, value in form.items() if isinstance(value, str)}
        sender, to = said.get("from", ""), said.get("to", "")
        if not data or not to.startswith("+"):
            return _error(400, "to and file are needed")
        if sender not in self._numbers(project):
            return _error(400, "from: not a number of this project")
        fax = self._machines.take(sender, to, data, count(data), said.get("callbackUrl", ""))
        fax.labels = json.loads(said.get("labels", "{}"))
        answer = self.written(fax)
        self._report(fax)
        if self._machines.faults.loses():
            return _error(500, "Internal error")
        return JSONResponse(answer)

    async def find(self, project: str, request: Request) -> Response:
        self._check(project, request)
        if refused := self._refuse():
            return refused
        wanted = request.query_params
        since = wanted.get("createTime>", "")
        after = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
        found = [
            self.written(one)
            for one in reversed(self._machines.faxes.values())
            if self._number_of(one) in self._numbers(project)
            and wanted.get("direction", one.direction.upper()) == one.direction.upper()
            and one.to.startswith(wanted.get("to", ""))
            and one.sender.startswith(wanted.get("from", ""))
            and one.at >= after
        ]
        page, size = int(wanted.get("page", "1")), int(wanted.get("pageSize", "100"))
        return JSONResponse(
            {
                "faxes": found[(page - 1) * size : page * size],
                "pageNumber": page,
                "pageSize": size,
                "totalPages": -(-len(found) // size),
                "totalItems": len(found),
            }
        )

    async def one(self, project: str, fax: str, request: Request) -> Response:
        self._check(project, request)
        return JSONResponse(self.written(self._fax(project, fax)))

    async def file(self, project: str, fax: str, request: Request) -> Response:
        self._check(project, request)
        if status := self._machines.faults.media_answer:
            return Response(status_code=status)
        return Response(self._fax(project, fax).file, media_type="application/pdf")

    def tell(self, fax: Fax) -> Call:
        """Return the hook that says that a fax has come in, with its file."""
        number = self._machines.number(fax.to)
        secret = f"faden:{self._machines.token}@"
        address = f"{self._machines.settings.hub}{number.hook}".replace("://", f"://{secret}", 1)
        said = as_json(self.written(fax)).decode()
        if number.as_json:
            file = base64.b64encode(fax.file).decode()
            event = {"event": "INCOMING_FAX", "eventTime": _now(), "fax": self.written(fax)}
            body = as_json(event | {"file": file, "fileType": "PDF"})
            return Call(address, body, {"content-type": "application/json"})
        data = {"event": "INCOMING_FAX", "eventTime": _now(), "fax": said}
        return Call(address, data=data, files={"file": ("fax.pdf", fax.file, "application/pdf")})

    def _report(self, fax: Fax) -> None:
        fax.status, fax.failure = self._machines.fate(fax)
        if fax.hook and not self._machines.faults.silent:
            event = {"event": "FAX_COMPLETED", "eventTime": _now(), "fax": self.written(fax)}
            call = Call(fax.hook, as_json(event), {"content-type": "application/json"})
            for number in range(self._machines.faults.repeat):
                self._caller.leave(call, after=0.1 * (number + 1))

    def written(self, fax: Fax) -> dict[str, Any]:
        status = _STATUS.get(fax.status, "COMPLETED")
        said: dict[str, Any] = {
            "id": fax.id,
            "direction": fax.direction.upper(),
            "from": fax.sender,
            "to": fax.to,
            "numberOfPages": fax.pages,
            "status": "FAILURE" if fax.partial else status,
            "createTime": fax.at.isoformat(),
            "completedTime": fax.at.isoformat(),
            "labels": fax.labels,
            "callbackUrl": fax.hook,
            "hasFile": True,
            "projectId": self._machines.number(self._number_of(fax)).project_id,
        }
        if fax.partial:
            fault = (131, "FAX_ERROR", "Incomplete transmission")
        elif fax.failure:
            fault = _CODES.get(fax.failure, _OTHER)
        else:
            return said
        return said | dict(zip(("errorCode", "errorType", "errorMessage"), fault, strict=True))

    def _number_of(self, fax: Fax) -> str:
        return fax.to if fax.direction == "inbound" else fax.sender

    def _numbers(self, project: str) -> list[str]:
        numbers = self._machines.settings.numbers.items()
        return [number for number, one in numbers if one.project_id == project]

    def _refuse(self) -> Response | None:
        faults = self._machines.faults
        if faults.takes():
            return None
        headers = {"Retry-After": str(faults.retry_after)} if faults.retry_after else {}
        return _error(faults.answer, "Later", headers)

    def _check(self, project: str, request: Request) -> None:
        scheme, _, said = request.headers.get("authorization", "").partition(" ")
        right = base64.b64encode(f"{project}:{self._machines.token}".encode()).decode()
        if scheme.lower() != "basic" or not secrets.compare_digest(said.encode(), right.encode()):
            raise HTTPException(401, "Authenticate with key (here the project) and secret")
        if not self._numbers(project):
            raise HTTPException(404)

    def _fax(self, project: str, fax: str) -> Fax:
        found = self._machines.faxes.get(fax)
        if found and self._number_of(found) in self._numbers(project):
            return found
        raise HTTPException(404)


def make_sinch(machines: Machines, caller: FaxCaller) -> tuple[APIRouter, SinchInterface]:
    interface = SinchInterface(machines, caller)
    router = APIRouter(prefix=f"{PREFIX}/v3/projects/{{project}}/faxes", include_in_schema=False)
    router.add_api_route("", interface.create, methods=["POST"])
    router.add_api_route("", interface.find)
    router.add_api_route("/{fax}", interface.one)
    router.add_api_route("/{fax}/file.pdf", interface.file)
    return router, interface


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"code": status, "message": message}, status, headers)
