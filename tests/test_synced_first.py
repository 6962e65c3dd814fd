"""The order of system calls: bytes, names and rows are synced before 250 is said."""

import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from local_hub.testing import Town, eventually

MAIL = b"From: a@example.org\r\nTo: post@musterstadt.example\r\nSubject: x\r\n\r\nText\r\n"
CALLS = "fsync,fdatasync,rename,renameat,renameat2,write,writev,sendto,sendmsg"
# What must have happened, in this order; each pattern is a call that has returned well.
STEPS = {
    "the sealed bytes are synced": r"fdatasync\(\d+<\S+/blobs/\S+\.part>\) += 0",
    "they get their name": r"rename\(\"\S+/blobs/\S+\.part\", .*\) += 0",
    "the name is synced": r"fsync\(\d+<\S+/blobs/musterstadt/[^/>]+>\) += 0",
    "the row is synced": r"fdatasync\(\d+<\S+/pg_wal/\S+>\) += 0",
    "250 is said": r"(write|writev|sendto|sendmsg)\(.*\"250 2\.0\.0 Taken",
}


def trace(pids: list[int], log: Path) -> subprocess.Popen[bytes]:
    command = ["strace", "-f", "-y", "-s", "80", "-e", f"trace={CALLS}", "-o", str(log)]
    for pid in pids:
        command += ["-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert tracer.stderr is not None
    left = set(pids)
    while left:  # one line each, of those too that have ended meanwhile
        line = tracer.stderr.readline()
        assert line, "strace has ended"
        left -= {int(number) for number in re.findall(rb"\d+", line)}
    return tracer


def children_of(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, (_, its_parent) = stat.parent.name, stat.read_text().rpartition(")")[2].split()[:2]
            found += [int(pid)] * (int(its_parent) == parent)
    return found


def whole_calls(log: Path) -> list[str]:
    """Return the calls in the order in which they returned; interrupted lines are joined."""
    begun: dict[str, str] = {}
    calls = []
    for line in log.read_text(errors="replace").splitlines():
        pid, _, call = line.partition(" ")
        if call.rstrip().endswith("<unfinished ...>"):
            begun[pid] = call.split("<unfinished")[0].strip()
        elif match := re.match(r"\s*<\.\.\. \w+ resumed>(.*)", call):
            calls.append(begun.pop(pid, "") + match.group(1))
        else:
            calls.append(call.strip())
    return calls


@pytest.mark.real("strace")
def test_everything_is_synced_before_250(own_town: Town, tmp_path: Path):
    postmaster = int((own_town.folder / "postgresql/postmaster.pid").read_text().split()[0])
    log = tmp_path / "calls"
    with own_town.smtp() as server:
        server.sendmail("a@example.org", ["post@musterstadt.example"], MAIL)  # all is warm now
        eventually(lambda: own_town.count_entries() == 1)
        # All of the server: whoever writes the log next syncs the rows of others with its own.
        pids = [own_town.supervisor.pids["channel_email"], postmaster, *children_of(postmaster)]
        tracer = trace(pids, log)
        server.sendmail("a@example.org", ["post@musterstadt.example"], MAIL + b"second\r\n")
    tracer.send_signal(signal.SIGINT)
    tracer.communicate(timeout=300)
    calls = whole_calls(log)
    at = 0
    for step, pattern in STEPS.items():
        found = next((n for n in range(at, len(calls)) if re.match(pattern, calls[n])), None)
        assert found is not None, f"not in this order: {step}\n" + "\n".join(calls[-60:])
        at = found + 1
    said = [call for call in calls[: at - 1] if re.match(STEPS["250 is said"], call)]
    assert not said, "said before"
