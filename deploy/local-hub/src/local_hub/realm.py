"""Gives a Keycloak the realm that ships, and says how a gateway uses it.

`keycloak-realm.json` is what an authority may import, too; what must not ship is added here.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from hub_contract.errors import Temporary
from local_hub.locate import MODEL
from local_hub.peers.settings import Person

REALM = MODEL.with_name("keycloak-realm.json")
PUBLIC = "http://127.0.0.1:8080"  # the gateway, as the realm's file names it
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Running:
    """A Keycloak that answers; `password` is everybody's, and made anew at each start."""

    address: str
    secret: str = field(repr=False)  # of the client `faden`
    password: str = field(repr=False)

    def oidc(self, secret_file: Path) -> dict[str, Any]:
        """Return what `services.gateway.oidc` says; the secret is written to the file."""
        secret_file.touch(mode=0o600)
        secret_file.write_text(self.secret, encoding="utf-8")
        realm = _read_realm()
        roles = (role["name"] for role in realm["roles"]["realm"])
        return {
            "issuer": f"{self.address}/realms/{realm['realm']}",
            "client_secret_file": f"{secret_file.absolute()}",
            "groups": {role: "/".join(role.rsplit("-", 1)) for role in roles},
        }


def make_realm(running: Running, people: Mapping[str, Person], public: str = PUBLIC) -> None:
    """Give a Keycloak our realm, for a gateway at `public`, and what must not ship.

    That is the client's secret, and people with their password. `Temporary` where it is refused.
    """
    realm = _read_realm(public)
    realm["clients"][0]["secret"] = running.secret
    realm["users"] = [_user(*one, running.password) for one in people.items()]
    try:
        with administer(running) as client:
            client.post("/admin/realms", json=realm).raise_for_status()
    except httpx.HTTPError as error:
        raise Temporary(f"Keycloak does not take {REALM.name}: {error}") from error


def _read_realm(public: str = PUBLIC) -> dict[str, Any]:
    text = REALM.read_text(encoding="utf-8").replace(PUBLIC, public)
    realm: dict[str, Any] = json.loads(text)
    return realm


def _user(who: str, person: Person, password: str) -> dict[str, Any]:
    first, _, last = person.name.rpartition(" ")
    return {
        "username": who,
        "firstName": first,
        "lastName": last,
        "email": f"{who}@musterstadt.example",
        "emailVerified": True,
        "enabled": True,
        "credentials": [{"type": "password", "value": password}],
        "realmRoles": [may.replace("/", "-") for may in person.may],
    }


@contextmanager
def administer(running: Running) -> Iterator[httpx.Client]:
    """Yield a client of Keycloak's Admin REST API, as its first administrator."""
    who = {"client_id": "admin-cli", "grant_type": "password"}
    who |= {"username": ADMIN, "password": running.password}
    path = "/realms/master/protocol/openid-connect/token"
    with httpx.Client(base_url=running.address, timeout=60) as client:
        token = client.post(path, data=who).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client
