"""Plays the authorities' log-in: a real OpenID Connect provider, where a person is one click.

`oidc-provider-mock` signs with a key of its own that lives as long as the process. It asks for no
password: who sits at this machine may play everybody.
"""

import asyncio
import logging
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from flask import request
from jinja2 import FileSystemLoader
from werkzeug.serving import BaseWSGIServer, make_server

from hub_kit.listen import Listen
from hub_pages.language import LANGUAGES, read_words
from local_hub.peers.settings import Person

with warnings.catch_warnings(record=True):  # it uses what its own library drops in version 2
    import oidc_provider_mock
    from oidc_provider_mock._app import AuthorizationCodeGrant

# A client without a secret, as ours is here: PKCE alone proves that it is the same one.
AuthorizationCodeGrant.TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "none"]

FOLDER = Path(__file__).parent


def make_provider(address: str, people: Mapping[str, Person]) -> BaseWSGIServer:
    """Return the provider, bound to its port; `OSError` where the port is taken."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # its access log
    users = [
        oidc_provider_mock.User(sub=sub, claims={"name": person.name, "faden": list(person.may)})
        for sub, person in people.items()
    ]
    app = oidc_provider_mock.app(require_nonce=True, user_claims=users)
    # Its own pages fetch their look from elsewhere; ours say whom one can be, in two languages.
    app.jinja_loader = FileSystemLoader(FOLDER / "templates")
    app.jinja_env.globals |= {"people": people, "say": _say, "language": _language}
    door = Listen.read(address)
    return make_server(door.host, door.port, app, threaded=True)


def _language() -> str:
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def _say(text: str) -> str:
    return _words(_language()).gettext(text)


@cache
def _words(language: str) -> NullTranslations:
    return read_words(language, [FOLDER / "words"])


async def serve(address: str, people: Mapping[str, Person]) -> None:
    """Play the provider until cancelled."""
    with playing(make_provider(address, people)):
        await asyncio.Event().wait()


@contextmanager
def playing(server: BaseWSGIServer) -> Iterator[None]:
    """Answer in a thread while the block runs."""
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
