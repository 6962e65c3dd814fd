"""`make keycloak`: what is fetched is checked, what ships is safe and fits the gateway."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.log_out import DONE
from gateway.route import Own
from gateway.settings import GatewaySettings, Oidc
from hub_contract.errors import Temporary
from hub_kit.settings import Loaded
from local_hub.keycloak import _fetch
from local_hub.locate import MODEL
from local_hub.peers.settings import PeersSettings
from local_hub.realm import REALM, Running

SHIPPED = json.loads(REALM.read_text(encoding="utf-8"))


def test_the_realm_fits_the_gateway_of_the_model_file():
    loaded = Loaded.read(MODEL)
    public = loaded.section("gateway", GatewaySettings).public
    (client,) = SHIPPED["clients"]
    assert client["redirectUris"] == [f"{public}/login/callback"]
    assert client["attributes"]["post.logout.redirect.uris"] == f"{public}{DONE}"
    assert client["attributes"]["backchannel.logout.url"] == f"{public}/{Own.BACK_CHANNEL}"
    (mapper,) = client["protocolMappers"]
    assert mapper["config"]["claim.name"] == Oidc(issuer="https://x").claim
    assert mapper["config"]["id.token.claim"] == mapper["config"]["userinfo.token.claim"] == "true"
    roles = [role["name"] for role in SHIPPED["roles"]["realm"]]
    assert SHIPPED["scopeMappings"] == [{"client": client["clientId"], "roles": roles}]
    people = loaded.section("peers", PeersSettings).people.values()
    assert {may.replace("/", "-") for person in people for may in person.may} == set(roles)


def test_a_port_in_use_is_said_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = {n: v for n, v in os.environ.items() if n != "HUB_CONFIG"}
        said = subprocess.run(
            [sys.executable, "-m", "local_hub.keycloak"],
            env=env | {"HUB_KEYCLOAK_PORT": str(port)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == (
        f"faden: faden.yaml: services.keycloak.port: 127.0.0.1:{port}: Address already in use; "
        "name another port (also as HUB_KEYCLOAK_PORT), or stop what uses it\n"
    )


def test_nothing_secret_ships():
    assert "users" not in SHIPPED
    assert "secret" not in SHIPPED["clients"][0]
    assert SHIPPED["clients"][0]["publicClient"] is False


def test_the_gateway_before_it(tmp_path):
    said = Running("http://127.0.0.1:8092", "s3cret", "x").oidc(tmp_path / "secret")
    oidc = Oidc.model_validate(said)
    assert (oidc.issuer, oidc.secret()) == ("http://127.0.0.1:8092/realms/amt", "s3cret")
    assert oidc.groups["kleindorf-agent"] == "kleindorf/agent"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in repr(Running("x", "s3cret", "s3cret"))


@dataclass
class Artifact:
    """The zip as jgo knows it: where it lies in the cache, and how to get it."""

    cached_path: Path
    there: bytes | OSError | RuntimeError
    fetched: int = 0

    @property
    def filename(self) -> str:
        return self.cached_path.name

    def resolve(self) -> Path:
        if not self.cached_path.exists():
            self.fetched += 1
            if isinstance(self.there, Exception):
                raise self.there
            self.cached_path.write_bytes(self.there)
        return self.cached_path


WHOLE = b"Keycloak"
SHA256 = hashlib.sha256(WHOLE).hexdigest()


@pytest.mark.parametrize(("kept", "fetched"), [(WHOLE, 0), (b"Keyc", 1), (None, 1)])
def test_a_missing_or_cut_off_zip_is_fetched(tmp_path, kept, fetched):
    artifact = Artifact(tmp_path / "keycloak.zip", WHOLE)
    if kept is not None:
        artifact.cached_path.write_bytes(kept)
    assert _fetch(artifact, SHA256).read_bytes() == WHOLE
    assert artifact.fetched == fetched


FAULTS = [
    (b"something else", "with another checksum"),
    (OSError("no route to host\nat all"), "cannot be had from Maven Central: no route to host$"),
    (RuntimeError("SHA-1 mismatch"), "cannot be had from Maven Central: SHA-1 mismatch"),
]


@pytest.mark.parametrize(("there", "said"), FAULTS)
def test_nothing_else_is_taken_for_it(tmp_path, there, said):
    with pytest.raises(Temporary, match=said):
        _fetch(Artifact(tmp_path / "keycloak.zip", there), SHA256)
