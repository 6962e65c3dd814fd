"""Fetches files that a provider's hooks name, from that provider's hosts alone."""

import ssl
from collections.abc import Sequence
from functools import cache
from urllib.parse import urlsplit

import httpx

from hub_contract.errors import Temporary

_HOPS = 3  # from the interface to where a file lies
_GONE = frozenset({401, 403, 404, 410})


class Fetcher:
    """Fetches files that hooks name by their address.

    `own` says our token, below `api` and nowhere else; `opened` says none. `hosts` are those of
    the provider, and what is below them; with a path (`s3.amazonaws.com/bucket`) that place alone.
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
            if not self.is_theirs(url):
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

    def is_theirs(self, url: str) -> bool:
        """Say whether this address is one of the provider's."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        known = any(_lies_at(parts.hostname or "", parts.path, one) for one in self._hosts)
        return known and url.startswith(("https://", f"{self._api}/"))


def _lies_at(host: str, path: str, place: str) -> bool:
    where, slash, folder = place.partition("/")
    if slash:
        steps = path.split("/")
        return host == where and ".." not in steps and path.startswith(f"/{folder}/")
    return host == where or host.endswith(f".{where}")


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
