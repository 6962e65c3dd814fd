"""The gateway as a process: two listeners, what is inside not outside, mistakes said, a clean end."""

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from gateway.app import main
from hub_kit.keys import KeyRing
from hub_kit.processes import refusal
from local_hub.programs import free_addresses


@pytest.fixture
def addresses():
    """Where the gateway listens: inside, outside."""
    return free_addresses(2)


@pytest.fixture
def configure(tmp_path, database, provider, addresses):
    """Write the gateway's settings, with what a test has instead; return the file."""
    inside, outside = addresses
    KeyRing.create(tmp_path / "keys.json")
    config = {
        "database": database.replace("postgres@", "{role}@"),
        "blobs": str(tmp_path / "blobs"),
        "keys_file": str(tmp_path / "keys.json"),
        "tenants": {"musterstadt": {"name": "Stadt Musterstadt"}},
        "services": {
            "gateway": {
                "http": inside,
                "door": outside,
                "public": f"http://{outside}",
                "channel_web": "http://127.0.0.1:9",
                "oidc": {"issuer": provider, "authentication": "none"},
            }
        },
    }

    def write(**more):
        config["services"]["gateway"] |= more
        path = tmp_path / "faden.yaml"
        path.write_text(json.dumps(config))
        return path

    return write


@pytest.fixture
def start(configure, addresses):
    """Run `python -m gateway.app`; return the process and its two addresses."""
    processes = []

    def run(**more):
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.app"],
            env={**os.environ, "HUB_CONFIG": str(configure(**more))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process, *addresses

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def get(address, **more):
    return httpx.get(address, timeout=60, **more)


def wait(address):
    """Wait until it is ready, and return what it says then."""
    end = time.monotonic() + 300
    while True:
        try:
            said = get(f"http://{address}/readyz")
        except httpx.TransportError:
            said = None
        if said and said.status_code == 200:
            return said
        assert time.monotonic() < end
        time.sleep(0.1)


def test_it_serves_inside_and_outside_and_ends(start):
    process, inside, outside = start()
    assert wait(inside).json() == {"database": "ok"}
    for path in ("/healthz", "/readyz", "/metrics"):
        assert get(f"http://{inside}{path}").status_code == 200
        assert get(f"http://{outside}{path}").status_code == 404
    assert get(f"http://{inside}/musterstadt/").status_code == 404
    home = get(f"http://{outside}/", headers={"Accept": "text/html"})
    assert "Stadt Musterstadt" in home.text
    assert get(f"http://{outside}/musterstadt/").status_code == 503
    asked = get(f"http://{outside}/login")
    assert (asked.status_code, "state=" in asked.headers["location"]) == (303, True)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGTERM  # the server raises it again once all has ended
    assert "stopping" in said
    assert "Traceback" not in said
    assert "127.0.0.1" not in said, "no address of anybody"


def from_address(outside, address):
    said = get(f"http://{outside}/", headers={"X-Forwarded-For": address})
    return said.status_code


@pytest.mark.parametrize(
    ("trusted", "codes"), [([], [200, 429, 429]), (["127.0.0.1"], [200, 429, 200])]
)
def test_whose_word_about_addresses_counts(start, trusted, codes):
    """Only a balancer of ours may say for whom it asks; else everybody could be anybody."""
    limits = {"read": {"times": 1, "seconds": 600}}
    _, inside, outside = start(trusted_proxies=trusted, limits=limits)
    wait(inside)
    asked = ["192.0.2.1", "192.0.2.1", "192.0.2.2"]
    assert [from_address(outside, address) for address in asked] == codes


MISTAKES = [
    ({"door": "127.0.0.1:99999"}, "services.gateway.door"),
    ({"hosts": {"a.example": "nobody"}}, "services.gateway.hosts.a.example"),
    ({"oidc": {"issuer": "https://x", "client_secret_file": "/nowhere/x"}}, "/nowhere/x"),
]


@pytest.mark.parametrize(("change", "key"), MISTAKES)
def test_a_mistake_ends_it_with_code_2(configure, change, key):
    said = refusal(main, configure(**change))
    assert key in said.splitlines()[-1]


def test_a_port_in_use_is_said(start):
    _, inside, _ = start()
    wait(inside)
    process, _, _ = start()
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "stop what uses it" in said
