"""Twilio's interface for messages, as far as the hub and Twilio's own client use it.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import base64
import secrets
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Faults, Message, Phones
from local_hub.peers.settings import HubNumber

PREFIX = "/carrier"
VERSION = "2010-04-01"
_PAGE = 50


class Interface:
    """What stands under `/2010-04-01/Accounts/{sid}`."""

    def __init__(self, phones: Phones, caller: Caller) -> None:
        self._phones, self._caller = phones, caller

    async def create(self, account: str, request: Request) -> Response:
        self._check(account, request)
        faults = self._phones.faults
        if not faults.takes():
            headers = {"Retry-After": str(faults.retry_after)} if faults.retry_after else {}
            return _error(faults.answer, 20429 if faults.answer == 429 else 20500, "Later", headers)
        said = {name: str(value) for name, value in (await request.form()).items()}
        sender = said.get("From") or self._number_of(account)
        to, text = said.get("To", ""), said.get("Body", "")
        if not text:
            return _error(400, 21602, "Message body is required")
        if len(text) > 1600:
            return _error(
                400, 21617, "The concatenated message body exceeds the 1600 character limit"
            )
        if refusal := self._phones.refusal(sender, to):
            return _error(400, *refusal)
        message = self._phones.take(sender, to, text, said.get("StatusCallback", ""))
        answer = self._written(message, account)
        self._report(message, account)
        if faults.loses():
            return _error(500, 20500, "An internal server error has occurred")
        return JSONResponse(answer, 201)

    async def list(self, account: str, request: Request) -> Response:
        self._check(account, request)
        wanted = request.query_params
        found = [
            one
            for one in reversed(self._phones.messages.values())
            if wanted.get("To", one.to) == one.to
            and wanted.get("From", one.sender) == one.sender
            and f"{one.at:%Y-%m-%d}" >= wanted.get("DateSent>", "")
        ]
        page, size = int(wanted.get("Page", "0")), int(wanted.get("PageSize", str(_PAGE)))
        shown = found[page * size : (page + 1) * size]
        following = request.url.include_query_params(Page=page + 1)
        more = len(found) > (page + 1) * size
        return JSONResponse(
            {
                "messages": [self._written(one, account) for one in shown],
                "next_page_uri": f"{following.path.removeprefix(PREFIX)}?{following.query}"
                if more
                else None,
                "page": page,
                "page_size": size,
            }
        )

    async def one(self, account: str, sid: str, request: Request) -> Response:
        self._check(account, request)
        return JSONResponse(self._written(self._message(sid), account))

    async def media(self, account: str, sid: str, request: Request) -> Response:
        self._check(account, request)
        message = self._message(sid)
        base = f"/{VERSION}/Accounts/{account}/Messages/{sid}/Media"
        listed = [
            {"sid": one, "content_type": kind, "uri": f"{base}/{one}.json"}
            for one, kind, _ in message.media
        ]
        return JSONResponse({"media_list": listed})

    async def one_media(self, account: str, sid: str, media: str, request: Request) -> Response:
        """Lead to where it lies, as Twilio does; there no token is asked for."""
        self._check(account, request)
        self._message(sid)
        return RedirectResponse(f"{PREFIX}/media/{sid}/{media}", 307)

    async def stored(self, sid: str, media: str) -> Response:
        for one, kind, data in self._message(sid).media:
            if one == media:
                return Response(data, media_type=kind)
        raise HTTPException(404)

    def tell(self, message: Message) -> tuple[str, dict[str, str], str]:
        """Return address, form and token of the hook for a message to the hub."""
        number = self._phones.settings.numbers[message.to]
        fields = _hook(message, number, self._base(number))
        return f"{self._phones.settings.hub}{number.hook}", fields, self._phones.token

    def _report(self, message: Message, account: str) -> None:
        """Say how far it got, by hooks: in order mostly, never surely (Twilio says so itself)."""
        handset = self._phones.settings.handsets.get(message.to)
        error = handset.fails if handset else 30005
        last = "undelivered" if error else "delivered"
        faults = self._phones.faults
        words = [last, "sent"] if faults.disorder else ["sent", last]
        for number, word in enumerate(words * faults.repeat):
            fields = {
                "MessageSid": message.sid,
                "MessageStatus": word,
                "AccountSid": account,
                "From": message.sender,
                "To": message.to,
                "ErrorCode": str(error) if word == "undelivered" else "",
            }
            if message.callback:
                self._caller.leave(
                    message.callback, fields, self._phones.token, after=0.2 * (number + 1)
                )
        message.status, message.error = last, error

    async def set_faults(self, faults: Faults) -> Faults:
        self._phones.faults = faults
        return faults

    def _check(self, account: str, request: Request) -> None:
        scheme, _, said = request.headers.get("authorization", "").partition(" ")
        known = any(n.account_sid == account for n in self._phones.settings.numbers.values())
        right = base64.b64encode(f"{account}:{self._phones.token}".encode()).decode()
        if scheme.lower() != "basic" or not known or not secrets.compare_digest(said, right):
            raise HTTPException(401, "Authenticate")

    def _number_of(self, account: str) -> str:
        numbers = self._phones.settings.numbers.items()
        return next(number for number, one in numbers if one.account_sid == account)

    def _message(self, sid: str) -> Message:
        if found := self._phones.messages.get(sid):
            return found
        raise HTTPException(404)

    def _base(self, number: HubNumber) -> str:
        return f"{self._phones.settings.address}{PREFIX}/{VERSION}/Accounts/{number.account_sid}"

    def _written(self, message: Message, account: str) -> dict[str, Any]:
        return {
            "sid": message.sid,
            "account_sid": account,
            "from": message.sender,
            "to": message.to,
            "body": message.text,
            "direction": message.direction,
            "status": message.status,
            "num_segments": str(message.segments),
            "num_media": str(len(message.media)),
            "error_code": message.error or None,
            "error_message": None,
            "price": self._phones.price_of(message),
            "price_unit": "EUR",
            "date_created": format_datetime(message.at),
            "date_sent": format_datetime(message.at),
            "date_updated": format_datetime(datetime.now(UTC)),
            "uri": f"/{VERSION}/Accounts/{account}/Messages/{message.sid}.json",
            "api_version": VERSION,
        }


def make_router(phones: Phones, caller: Caller) -> tuple[APIRouter, Interface]:
    interface = Interface(phones, caller)
    router = APIRouter(prefix=PREFIX, include_in_schema=False)
    base = f"/{VERSION}/Accounts/{{account}}"
    router.add_api_route(f"{base}/Messages.json", interface.create, methods=["POST"])
    router.add_api_route(f"{base}/Messages.json", interface.list)
    router.add_api_route(f"{base}/Messages/{{sid}}.json", interface.one)
    router.add_api_route(f"{base}/Messages/{{sid}}/Media.json", interface.media)
    router.add_api_route(f"{base}/Messages/{{sid}}/Media/{{media}}", interface.one_media)
    router.add_api_route("/media/{sid}/{media}", interface.stored)
    router.add_api_route("/faults", interface.set_faults, methods=["POST"])
    return router, interface


def _hook(message: Message, number: HubNumber, base: str) -> dict[str, str]:
    """Return the form of twilio.com/docs/messaging/guides/webhook-request."""
    fields = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsMessageSid": message.sid,
        "AccountSid": number.account_sid,
        "From": message.sender,
        "To": message.to,
        "Body": message.text,
        "NumMedia": str(len(message.media)),
        "NumSegments": str(message.segments),
        "SmsStatus": "received",
        "ApiVersion": VERSION,
        "FromCountry": "DE",
        "ToCountry": "DE",
    }
    for place, (sid, kind, _) in enumerate(message.media):
        fields[f"MediaUrl{place}"] = f"{base}/Messages/{message.sid}/Media/{sid}"
        fields[f"MediaContentType{place}"] = kind
    return fields


def _error(
    status: int, code: int, words: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse(
        {"code": code, "message": words, "more_info": more, "status": status}, status, headers
    )
