"""Pingen's interface, version 2, as far as the hub uses it, and its hooks.

https://api.pingen.com/documentation; what it looks like is taken from Pingen's own client.
"""

import hashlib
import hmac
import json
import secrets
from typing import Any
from uuid import uuid4

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from local_hub.peers.letters.house import House, Job, Unreadable

TYPE = "application/vnd.api+json"
_HOOKS = {
    "sent": "webhook_sent",
    "undeliverable": "webhook_undeliverable",
    "action_required": "webhook_issues",
    "invalid": "webhook_issues",
}


class Pingen:
    """One organisation at a house; `address` is how the hub calls it, `hook` whom it calls."""

    def __init__(
        self, house: House, address: str, organisation: str, secret: str, hook: str = ""
    ) -> None:
        self.house, self._address, self._organisation = house, address, organisation
        self.secret, self.hook, self.calls = secret, hook, list[int]()
        self._files: dict[str, tuple[str, bytes]] = {}  # place -> its signature, the file
        self._tokens: set[str] = set()
        self._client = httpx.AsyncClient(timeout=10)
        house.call = self.tell

    async def close(self) -> None:
        await self.house.close()
        await self._client.aclose()

    async def log_in(self, request: Request) -> Response:
        form = await request.form()
        if (
            form.get("grant_type") != "client_credentials"
            or form.get("client_secret") != self.secret
        ):
            return JSONResponse({"error": "invalid_client"}, 401)
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": 43_200})

    async def give_place(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        place = secrets.token_urlsafe(16)
        self._files[place] = (secrets.token_urlsafe(24), b"")
        told = {"url": f"{self._address}/files/{place}", "url_signature": self._files[place][0]}
        return _written({"data": {"id": place, "type": "file_uploads", "attributes": told}})

    async def put_file(self, place: str, request: Request) -> Response:
        if place not in self._files:
            return Response(status_code=403)
        if "authorization" in request.headers:  # a place as of S3 refuses what it does not know
            return Response(status_code=400)
        self._files[place] = (self._files[place][0], await request.body())
        return Response(status_code=200)

    async def create(self, organisation: str, request: Request) -> Response:
        if refused := self._refused(request, organisation):
            return refused
        try:
            told = json.loads(await request.body())["data"]["attributes"]
            place = str(told["file_url"]).rpartition("/")[2]
            signature, pdf = self._files.get(place, ("", b""))
            if not signature or signature != told["file_url_signature"]:
                return _error(422, "file_url_signature_invalid", "The signature does not fit")
            if told["address_position"] not in ("left", "right"):
                return _error(422, "address_position_invalid", "left or right")
            key = request.headers.get("idempotency-key", "")
            job = self.house.take(str(told["file_original_name"]), pdf, key)
        except (ValueError, KeyError, TypeError) as error:
            code = "file_invalid" if isinstance(error, Unreadable) else "invalid_request"
            return _error(422, code, "The letter cannot be read")
        if self.house.faults.loses():
            return _error(500, "internal_error", "Something went wrong")
        return _written({"data": self._letter(job)}, 201)

    async def list(self, organisation: str, request: Request) -> Response:
        if refused := self._refused(request, organisation):
            return refused
        number = int(request.query_params.get("page[number]", "1"))
        size = int(request.query_params.get("page[limit]", "20"))
        found = sorted(self.house.jobs.values(), key=lambda job: job.at, reverse=True)
        shown = found[(number - 1) * size : number * size]
        return _written(
            {"data": [self._letter(job) for job in shown], "meta": {"total": len(found)}}
        )

    async def show(self, organisation: str, letter: str, request: Request) -> Response:
        if refused := self._refused(request, organisation):
            return refused
        job = self.house.jobs.get(letter)
        return _written({"data": self._letter(job)}) if job else _error(404, "not_found", letter)

    async def cancel(self, organisation: str, letter: str, request: Request) -> Response:
        if refused := self._refused(request, organisation):
            return refused
        job = self.house.jobs.get(letter)
        if job is None or job.status in ("sent", "undeliverable"):
            return _error(409, "cannot_cancel", "It has left the house")
        job.status = "cancelled"
        return Response(status_code=202)

    async def tell(self, job: Job) -> None:
        """Call the hook, signed, where this status has one; what is answered stands in `calls`."""
        if self.hook and job.status in _HOOKS:
            body = json.dumps(self._hook(job)).encode()
            signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {"Content-Type": TYPE, "Signature": signature}
            try:
                answer = await self._client.post(self.hook, content=body, headers=headers)
            except httpx.TransportError:
                self.calls.append(0)
            else:
                self.calls.append(answer.status_code)

    def _hook(self, job: Job) -> dict[str, Any]:
        code, name = job.fault or (job.status, job.status.capitalize())
        event = {"code": code, "name": name, "producer": "Pingen", "emitted_at": _at(job)}
        letter = self._letter(job)
        return {
            "data": {
                "type": _HOOKS[job.status],
                "id": str(uuid4()),
                "attributes": {"reason": name, "url": self.hook, "created_at": _at(job)},
                "relationships": {"letter": {"data": {"type": "letters", "id": job.id}}},
            },
            "included": [
                {"type": "organisations", "id": self._organisation, "attributes": {}},
                letter,
                {"type": "letters_events", "id": str(uuid4()), "attributes": event},
            ],
        }

    def _letter(self, job: Job) -> dict[str, Any]:
        return {
            "id": job.id,
            "type": "letters",
            "attributes": {
                "status": job.status,
                "file_original_name": job.name,
                "file_pages": job.pages,
                "address_position": "left",
                "created_at": _at(job),
                "updated_at": _at(job),
            },
        }

    def _refused(self, request: Request, organisation: str = "") -> Response | None:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return _error(401, "access_denied", "The token is not known")
        if organisation not in ("", self._organisation):
            return _error(404, "not_found", organisation)
        faults = self.house.faults
        if request.method == "POST" and faults.refuses():
            return _error(faults.answer, "not_now", "As it was wished")
        return None


def make_router(pingen: Pingen) -> APIRouter:
    router = APIRouter(prefix="/pingen", include_in_schema=False)
    letters = "/organisations/{organisation}/deliveries/letters"
    router.add_api_route("/auth/access-tokens", pingen.log_in, methods=["POST"])
    router.add_api_route("/file-upload", pingen.give_place, methods=["GET"])
    router.add_api_route("/files/{place}", pingen.put_file, methods=["PUT"])
    router.add_api_route(letters, pingen.create, methods=["POST"])
    router.add_api_route(letters, pingen.list, methods=["GET"])
    router.add_api_route(letters + "/{letter}", pingen.show, methods=["GET"])
    router.add_api_route(letters + "/{letter}/cancel", pingen.cancel, methods=["PATCH"])
    return router


def _at(job: Job) -> str:
    return f"{job.at:%Y-%m-%dT%H:%M:%S%z}"


def _written(told: Any, status: int = 200) -> Response:
    return Response(json.dumps(told), status, media_type=TYPE)


def _error(status: int, code: str, title: str) -> Response:
    return _written({"errors": [{"code": code, "title": title, "detail": title}]}, status)
