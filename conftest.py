"""What all tests share: a broker, a second PostgreSQL, their order, and what a missing part does.

`@pytest.mark.real("postfix")` names a real part a test talks to. Where the part cannot be had the
test is skipped with the reason; FADEN_STRICT=1 (the gate) makes that a failure.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

import gateway  # noqa: F401 - its folder has its name: known first, pytest does not take one for the other
from hub_contract.errors import Temporary
from local_hub.debian_postgresql import start_debian_postgresql

if TYPE_CHECKING:
    from local_hub.realm import Running

pytest_plugins = ["hub_kit.testing", "hub_pages.testing"]

# As the Makefile does, for who calls pytest: the processes that tests start, some hundreds, and the
# workers of a run keep and find what is compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How to see that a part is there; deploy/parts.sh installs them.
PARTS = {
    "postfix": lambda: Path("/usr/sbin/postfix").exists(),
    "dovecot": lambda: Path("/usr/sbin/dovecot").exists(),
    "clamd": lambda: Path("/usr/sbin/clamd").exists(),
    "strace": lambda: shutil.which("strace") is not None,
    "postgresql15": lambda: any(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
    "wheel": lambda: True,  # the server that comes with Python packages
    "chromium": lambda: Path("/usr/bin/chromium").exists(),
    "hylafax": lambda: Path("/usr/sbin/faxq").exists() and os.geteuid() == 0,
    "spandsp": lambda: any(Path("/usr/lib").glob("*/libspandsp.so.2")),
    "kafka": lambda: True,  # a wheel and Maven Central; its fixture says when they fail
    "keycloak": lambda: True,  # likewise
}
MISSING = "real part missing: "
STRICT = os.environ.get("FADEN_STRICT") == "1"
HERE = Path(__file__).parent
HUBS = (HERE / "tests", HERE / "deploy/local-hub/tests")
# These speak SQL; the others speak through them.
SPEAK_SQL = (HERE / "services/hub-kit/tests", HERE / "conversation-store/tests")
# Property tests say the same at each run; `make test-long` lets them look further, at random.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("long", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("steady")


def missing(part: str, why: str) -> None:
    """Skip the running test for want of this real part; strictly, fail it."""
    if STRICT:
        pytest.fail(f"{MISSING}{part}: {why}", pytrace=False)
    pytest.skip(f"{MISSING}{part}: {why}")


def pytest_addoption(parser: pytest.Parser) -> None:
    what = "run what speaks SQL itself (kit, store) on Debian's PostgreSQL, too"
    parser.addoption("--debian", action="store_true", help=what)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    speaks = metafunc.definition.path.parent in SPEAK_SQL and "cluster" in metafunc.fixturenames
    if speaks and metafunc.config.getoption("debian"):
        from hub_kit.testing import start_server

        marks = pytest.mark.real("postgresql15")
        servers = [
            pytest.param(start_server, id="wheel"),
            pytest.param(start_debian, id="debian", marks=marks),
        ]
        metafunc.parametrize("cluster", servers, indirect=True)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name no test by bytes: what is signed or packed anew differs from process to process."""
    return argname if isinstance(val, bytes) else None


@contextmanager
def start_debian() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="faden-pg-debian-") as folder,
        start_debian_postgresql(Path(folder)) as dsn,
    ):
        yield dsn


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; run nothing on Debian's that is about another real part."""
    items[:] = [item for item in items if not {"postgresql15"} < _real_parts(item)]
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[bool, ...]:
    wants_hub = "town" in getattr(item, "fixturenames", ())
    return item.path.parent not in HUBS, "kafka" not in _real_parts(item), not wants_hub


def _real_parts(item: pytest.Item) -> set[str]:
    return {part for mark in item.iter_markers("real") for part in mark.args}


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist there is nothing to share out
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    return Sharing(config, log)


class Sharing(LoadFileScheduling):
    """Gives a whole file to one process, but what it does on Debian's PostgreSQL to another.

    All that talks to the one Kafka of the run goes to one process, too: groups of readers have the
    same names there. So does all that talks to the one whole hub on a bus.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        parameters = test.partition("[")[2].rstrip("]").split("-")
        if file.startswith("tests/") and (bus := {"kafka", "postgresql"} & set(parameters)):
            return f"hub on {bus.pop()}"
        if "kafka" in parameters:
            return "kafka"
        return f"{file} debian" if "debian" in parameters else file


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("real"):
        for part in mark.args:
            if not PARTS[part]():
                missing(part, "not installed; see deploy/parts.sh")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])]
    words = (reason.partition(MISSING)[2].partition(":")[0] for reason in reasons)
    skipped = Counter(filter(None, words))
    parts = ", ".join(f"{part}: {count}" for part, count in sorted(skipped.items()))
    said = f"{skipped.total()} ({parts})" if parts else "0"
    terminalreporter.write_line(f"tests skipped for want of a real part: {said}")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Apache Kafka for this test run, with the hub's topics; yields its bootstrap address.

    HUB_TEST_KAFKA names another one.
    """
    if given := os.environ.get("HUB_TEST_KAFKA"):
        yield given
        return
    from hub_kit.find_port import free_port
    from local_hub.kafka import ensure_topics, start_kafka

    with ExitStack() as stack:
        broker = start_kafka(tmp_path_factory.mktemp("kafka"), free_port(), brief=True)
        try:
            address = stack.enter_context(broker)
        except Temporary as error:
            missing("kafka", str(error))
            raise
        asyncio.run(ensure_topics(address))
        yield address


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    """A real Keycloak for this test run, without any realm of ours; yields how to use it."""
    from hub_kit.find_port import free_port
    from local_hub.keycloak import start_keycloak

    with ExitStack() as stack:
        server = start_keycloak(tmp_path_factory.mktemp("keycloak"), free_port())
        try:
            running = stack.enter_context(server)
        except Temporary as error:
            missing("keycloak", str(error))
            raise
        yield running


@pytest.fixture(scope="session", params=[pytest.param("kafka", marks=pytest.mark.real("kafka"))])
def kafka(broker: str) -> str:
    """The broker, so that the test's id says that it is used: by the id tests are shared out."""
    return broker


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that the database's own user may enter; another run of pytest shuts `tmp_path`."""
    with tempfile.TemporaryDirectory(prefix="faden-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
