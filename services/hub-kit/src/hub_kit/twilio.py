"""What every channel at Twilio needs: who has signed a hook, and files from Twilio's hosts alone.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

import ssl
from collections.abc import Sequence
from functools import cache
from urllib.parse import urlsplit

import httpx
from twilio.request_validator import (  # type: ignore[import-untyped]
    RequestValidator,
    get_signature_algorithm,
)

from hub_contract.errors import Temporary
from hub_kit.forms import read_form
from hub_kit.hooks import Hook
from hub_kit.tokens import Refused

TWIML = "text/xml"
_HOPS = 3  # from the interface to where a file lies
_GONE = frozenset({401, 403, 404, 410})


def check_signature(hook: Hook, token: str) -> None:
    """Raise `Refused` where this is not what the holder of the token has signed.

    The signature is over the address as called and the form, or a hash of the JSON.
    """
    said = hook.headers.get("x-twilio-signature", "")
    algorithm = get_signature_algorithm(
        hook.headers.get("x-twilio-webhooks-signature-settings", "")
    )
    is_json = hook.headers.get("content-type", "").startswith("application/json")
    try:
        signed = hook.body.decode() if is_json else read_form(hook.body)
        right = RequestValidator(token).validate(hook.address, signed, said, algorithm)
    except ValueError:  # bytes that are no text, a port that is no number
        right = False
    if not right:
        raise Refused("signature")


class Fetcher:
    """Fetches files that hooks name by their address.

    `own` says our token, below `api` and nowhere else; `opened` says none.
    """

    def __init__(
        self,
        own: httpx.AsyncClient,
        opened: httpx.AsyncClient,
        api: str,
        hosts: Sequence[str],
    ) -> None:
        self._own, self._opened, self._api = own, opened, api
        self._hosts = (*hosts, str(urlsplit(api).hostname))

    async def fetch(self, url: str, limit: int) -> tuple[bytes, str]:
        """Return what lies there and "", or nothing and why: "missing", "too_large".

        Never from a host that is not the provider's. `Temporary` where it may be had later.
        """
        for _ in range(_HOPS):
            if not self._is_theirs(url):
                return b"", "missing"
            client = self._own if url.startswith(f"{self._api}/") else self._opened
            try:
                async with client.stream("GET", url) as answer:
                    if answer.is_redirect:
                        url = str(answer.url.join(answer.headers.get("location", "")))
                        continue
                    return await _read(answer, limit)
            except (httpx.TransportError, httpx.InvalidURL) as error:
                raise Temporary(f"media: {type(error).__name__}") from None
        return b"", "missing"

    def _is_theirs(self, url: str) -> bool:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return False
        known = any(host == one or host.endswith(f".{one}") for one in self._hosts)
        return known and url.startswith(("https://", f"{self._api}/"))


async def _read(answer: httpx.Response, limit: int) -> tuple[bytes, str]:
    if answer.status_code in _GONE:
        return b"", "missing"
    if not answer.is_success:
        raise Temporary(f"media: answered {answer.status_code}")
    data = bytearray()
    async for piece in answer.aiter_bytes():
        data += piece
        if len(data) > limit:
            return b"", "too_large"
    return bytes(data), ""


@cache
def trusted() -> ssl.SSLContext:
    """Return whose certificates are right: read once, for the numbers of all authorities."""
    return httpx.create_ssl_context()
