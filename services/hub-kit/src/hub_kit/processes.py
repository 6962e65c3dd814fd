"""Runs a service, or a pretend peer, as a process of its own while a test lasts."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, redirect_stderr
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from hub_kit.testing import eventually


async def start(service: str, configuration: Path) -> asyncio.subprocess.Process:
    """Start a service by its import name, on these settings; what it says is kept in its pipes."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"{service}.app",
        env={**os.environ, "HUB_CONFIG": str(configuration)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def refusal(main: Callable[[], None], configuration: Path) -> str:
    """Return what a service says that does not begin with these settings, with code 2.

    It is asked in this process: it ends before it opens anything, and a start takes a second.
    """
    with (
        patch.dict(os.environ, HUB_CONFIG=str(configuration)),
        redirect_stderr(io.StringIO()) as said,
        pytest.raises(SystemExit) as end,
    ):
        main()
    assert end.value.code == 2
    return said.getvalue()


@asynccontextmanager
async def serving(
    service: str, configuration: Path, port: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a service until the end of the block; it is ready by then."""
    process = await start(service, configuration)
    try:
        await eventually(lambda: readiness(port, 200), within=300)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


async def readiness(port: int, expected: int) -> dict[str, str]:
    """Return what /readyz says, if it answers with this status; empty otherwise."""
    async with httpx.AsyncClient(timeout=60) as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{port}/readyz")
        except httpx.TransportError:
            return {}
    said: dict[str, str] = answer.json() if answer.status_code == expected else {}
    return said


@contextmanager
def peer(*command: str) -> Iterator[str]:
    """Run a Python program until the end of the block; yield its first line: where it listens."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
