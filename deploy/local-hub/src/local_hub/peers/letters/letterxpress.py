"""LetterXpress's interface, version 1, as far as the hub uses it.

https://www.letterxpress.de/dokumentation/api: an answer is 200 by HTTP, and has its own status.
"""

import base64
import binascii
import hashlib
import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from local_hub.peers.letters.house import House, Job, Unreadable

# Which of a house's words stand in which list.
_LISTS = {
    "queue": {"validating", "valid"},
    "hold": {"action_required"},
    "timer": set[str](),
    "sent": {"sent", "undeliverable"},
    "deleted": {"cancelled"},
}


class LetterXpress:
    def __init__(self, house: House, username: str, key: str) -> None:
        self.house, self._auth = house, {"username": username, "apikey": key}

    async def set_job(self, request: Request) -> Response:
        told, refused = await self._read(request)
        if refused:
            return refused
        faults = self.house.faults
        if faults.refuses():
            return _said(faults.answer, "As it was wished")
        return self._take(told.get("letter", {}))

    def _take(self, letter: dict[str, Any]) -> Response:
        encoded = str(letter.get("base64_file", "")).encode()
        checksum = hashlib.md5(encoded, usedforsecurity=False).hexdigest()
        if checksum != letter.get("base64_checksum"):
            return _said(400, "Checksum does not match")
        kind = letter.get("specification", {})
        if kind.get("color") not in ("1", "4") or kind.get("ship") not in (
            "national",
            "international",
        ):
            return _said(400, "Specification is not valid")
        try:
            job = self.house.take(str(letter.get("address", "")), base64.b64decode(encoded))
        except (Unreadable, binascii.Error):
            return _said(400, "File is no PDF")
        if self.house.faults.loses():
            return JSONResponse({}, 500)
        return _said(200, "OK", letter={"job_id": job.id, "status": "queue"})

    async def jobs(self, which: str, request: Request) -> Response:
        _, refused = await self._read(request)
        if refused or which not in _LISTS:
            return refused or _said(400, "No such list")
        words = _LISTS[which]
        found = [_written(job) for job in self.house.jobs.values() if job.status in words]
        return _said(200, "OK", jobs=found)

    async def job(self, number: str, request: Request) -> Response:
        _, refused = await self._read(request)
        job = self.house.jobs.get(number)
        if refused or job is None:
            return refused or _said(404, "No such job")
        return _said(200, "OK", job=_written(job))

    async def _read(self, request: Request) -> tuple[dict[str, Any], Response | None]:
        try:
            told = json.loads(await request.body())
            auth = told["auth"]
        except (ValueError, KeyError, TypeError):
            return {}, _said(400, "No JSON with auth")
        return told, None if auth == self._auth else _said(401, "Unauthorized")


def make_router(house: LetterXpress) -> APIRouter:
    router = APIRouter(prefix="/letterxpress/v1", include_in_schema=False)
    router.add_api_route("/setJob", house.set_job, methods=["POST"])
    router.add_api_route("/getJobs/{which}", house.jobs, methods=["GET"])
    router.add_api_route("/getJobs/{which}/{days}", house.jobs, methods=["GET"])
    router.add_api_route("/getJob/{number}", house.job, methods=["GET"])
    return router


def _written(job: Job) -> dict[str, Any]:
    return {"jid": job.id, "address": job.name, "pages": job.pages, "date": f"{job.at:%Y-%m-%d}"}


def _said(status: int, message: str, **more: Any) -> Response:
    return JSONResponse({"status": status, "message": message, **more})
