"""Asks a running hub and the pretend world over HTTP, for `faden timeline` and `faden demo`."""

from collections.abc import Generator
from typing import Any

import httpx

from hub_contract.errors import Permanent, Temporary
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, issue

Json = dict[str, Any]
STORE = "conversation_store"


class Store:
    """The store's interface as an agent of one tenant sees it."""

    def __init__(self, address: str, ring: KeyRing, tenant: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"http://{address}",
            auth=_Signed(ring, Caller("faden", tenant, "agent")),
            timeout=60,
        )

    async def conversations(self) -> list[Json]:
        """Return the open conversations, newest activity first."""
        return list((await self._get("/conversations", {}))["conversations"])

    async def search(self, wanted: Json) -> list[Json]:
        """Return the conversations of a `reference`, or of an `address` (its kind and value)."""
        return list((await _said(self._http.post("/search", json=wanted)))["conversations"])

    async def entries(self, conversation_id: str) -> list[Json]:
        """Return a whole timeline, oldest entry first."""
        found: list[Json] = []
        after: int | None = 0
        while after is not None:
            part = {"order": "oldest", "after": str(after)}
            page = await self._get(f"/conversations/{conversation_id}/entries", part)
            found += page["entries"]
            after = page["next"]
        return found

    async def conversation(self, conversation_id: str) -> Json:
        """Return whom it is with, and what is to be done."""
        return await self._get(f"/conversations/{conversation_id}", {})

    async def ways(self, conversation_id: str) -> list[Json]:
        """Return every way of an answer, and of each whether it is offered."""
        return list((await self._get(f"/conversations/{conversation_id}/ways", {}))["ways"])

    async def reply(
        self, conversation_id: str, text: str, key: str, way: Json | None = None
    ) -> Json:
        """Answer by this way, else as the last message came; the same key twice is one answer."""
        path, headers = f"/conversations/{conversation_id}/replies", {"Idempotency-Key": key}
        named = {name: way[name] for name in ("channel", "account", "contact_point")} if way else {}
        return await _said(self._http.post(path, json={"text": text, **named}, headers=headers))

    async def confirm(self, conversation_id: str, contact_point: str) -> None:
        """Say that this contact point belongs to this conversation."""
        path = f"/conversations/{conversation_id}/confirm"
        body = {"contact_point": contact_point, "confirmed": True}
        (await self._http.post(path, json=body)).raise_for_status()

    async def ring(self, callback_id: str, telephone: str) -> Json:
        """Call back: the agent's telephone rings first."""
        path = f"/callbacks/{callback_id}/call"
        return await _said(self._http.post(path, json={"telephone": telephone}))

    async def add_address(self, conversation_id: str, address: str) -> Json:
        """Write down where letters of this conversation may go."""
        path = f"/conversations/{conversation_id}/addresses"
        return await _said(self._http.post(path, json={"address": address}))

    async def status_of(self, path: str) -> int:
        return (await self._http.get(path)).status_code

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _get(self, path: str, query: dict[str, str]) -> Json:
        return await _said(self._http.get(path, params=query))


class World:
    """The pretend outside world: mailboxes to look into and to write from."""

    def __init__(self, address: str) -> None:
        self._http = httpx.AsyncClient(base_url=f"http://{address}", timeout=120)

    async def mails(self, address: str) -> list[Json]:
        answer = await self._http.get(f"/mailboxes/{address}")
        return list(answer.raise_for_status().json())

    async def send(self, sender: str, mail: Json) -> int:
        """Send a mail as this citizen; return what the hub's SMTP said."""
        return int((await _said(self._http.post(f"/mailboxes/{sender}/send", json=mail)))["code"])

    async def send_raw(self, sender: str, to: str, raw: bytes) -> int:
        path = f"/mailboxes/{sender}/send-raw"
        return int((await _said(self._http.post(path, params={"to": to}, content=raw)))["code"])

    async def texts(self, number: str) -> list[Json]:
        """Return what this handset has sent and got, oldest first."""
        return list((await self._http.get(f"/handsets/{number}")).raise_for_status().json())

    async def text(self, number: str, to: str, words: str) -> int:
        """Send an SMS from this handset; return what the hub answered to the carrier."""
        message = {"to": to, "text": words}
        answer = await _said(self._http.post(f"/handsets/{number}/send", json=message))
        return int(answer["status"])

    async def brought(self) -> list[Json]:
        """Return the letters that the post has brought, the latest first."""
        return list((await self._http.get("/tray")).raise_for_status().json())

    async def post_letter(self, text: str) -> str:
        """Put a letter into the letter box; return how the scanner calls it."""
        return str(
            (await _said(self._http.post("/letterbox/typed", json={"text": text})))["file_name"]
        )

    async def faxes(self, number: str) -> list[Json]:
        """Return what this machine has sent and got, oldest first."""
        return list((await self._http.get(f"/fax-machines/{number}")).raise_for_status().json())

    async def fax(self, number: str, to: str, words: str) -> int:
        """Fax a page with these words; return what the hub answered to the provider."""
        message = {"to": to, "text": words}
        answer = await _said(self._http.post(f"/fax-machines/{number}/send", json=message))
        return int(answer["status"])

    async def call(self, number: str, to: str) -> Json:
        """Call the hub from this handset; return the call, with what is heard first."""
        return await _said(self._http.post(f"/handsets/{number}/calls", json={"to": to}))

    async def act(self, number: str, call: Json, does: str, text: str = "") -> Json:
        """Press keys, keep silent, speak, or hang up; return the call as it goes on."""
        path = f"/handsets/{number}/calls/{call['id']}"
        return await _said(self._http.post(path, json={"does": does, "text": text}))

    async def ringing(self, number: str) -> list[Json]:
        """Return the calls that the hub makes to this telephone."""
        return list((await self._http.get(f"/handsets/{number}/ringing")).raise_for_status().json())

    async def act_at(self, number: str, call: Json, does: str) -> None:
        """Answer, press a key, or hang up, where the hub has called."""
        path = f"/handsets/{number}/ringing/{call['id']}"
        (await self._http.post(path, json={"does": does})).raise_for_status()

    async def aclose(self) -> None:
        await self._http.aclose()


class _Signed(httpx.Auth):
    """A fresh token for every call: they live for a minute."""

    def __init__(self, ring: KeyRing, caller: Caller) -> None:
        self._ring, self._caller = ring, caller

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {issue(self._ring, self._caller, STORE)}"
        yield request


async def _said(call: Any) -> Json:
    """Return the answer's JSON; `Temporary` where nobody answers, `Permanent` with a refusal."""
    try:
        answer: httpx.Response = await call
    except httpx.HTTPError as error:
        raise Temporary(f"the hub does not answer ({type(error).__name__}): `faden up`") from error
    if answer.status_code >= 500:
        raise Temporary(f"the hub answers {answer.status_code}: try again later")
    body: Json = answer.json()
    if answer.is_error:
        detail = body.get("detail") or body.get("title")
        raise Permanent(f"the hub answers {answer.status_code}: {detail}")
    return body
