"""Runs a real fax line on this machine: two soft modems back to back, and HylaFAX on both.

What one modem sends, the other one receives, by T.30 in real time; whatever number is dialled, it
reaches the other one, and is handed over as the number that was dialled. One modem is the
authority's: what it receives goes to faden-faxrcvd. The other one is the citizens' machine: what it
receives lies in `printed/`. Nothing of `/etc` or `/var/spool` is touched; only two devices in
`/dev` belong to it, and are gone at the end.
"""

import inspect
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from hub_contract.errors import Permanent
from hub_kit.find_port import free_port

PROGRAMS = ("/usr/bin/iaxmodem", "/usr/sbin/faxq", "/usr/sbin/hfaxd", "/usr/sbin/faxgetty")
_SEND = "/usr/lib/hylafax/bin/faxsend"  # Debian's /usr/sbin/faxsend mounts /etc/hylafax first
_SPOOL, _SETTINGS = Path("/var/spool/hylafax"), Path("/etc/hylafax")
_PYTHON = "/usr/bin/python3"  # HylaFAX runs it as uucp, who may not read a virtual environment
_READY = "Running and idle"
_DOOR = "http://127.0.0.1:8017"  # of the model file
_START = 90.0  # seconds until the modems are up
# Writes down what it was called with, and keeps the pages.
_PRINT = """#!/bin/sh
mv "$1" printed/ && chmod 644 printed/* && echo "$@" >> printed/log
"""


@dataclass(frozen=True, slots=True)
class FaxLine:
    """A line that runs. Numbers are those that each end shows to the other."""

    spool: Path
    hfaxd: int  # its port, on 127.0.0.1
    ours: str  # the modem of the authority
    theirs: str  # of citizens

    @property
    def printed(self) -> list[Path]:
        """What the citizens' machine has printed, the oldest first."""
        return sorted((self.spool / "printed").glob("*.tif"))


@dataclass(frozen=True, slots=True)
class Ends:
    """Who is at the two ends, and to whom what comes in is handed over."""

    door: str
    secret: str
    our_number: str = "071112398"
    their_number: str = "07115550101"


def lacking() -> str:
    """Return why no line can run here; empty: one can."""
    found = [name for name in (*PROGRAMS, _SEND, _PYTHON) if not Path(name).exists()]
    if found:
        return f"{', '.join(found)} missing; run deploy/parts.sh"
    return "" if os.geteuid() == 0 else "HylaFAX changes its user, so this runs as root"


def send(line: FaxLine, to: str, tiff: Path) -> None:
    """Lay a TIFF into the citizens' machine, by HylaFAX's own client; the call takes its time."""
    modem = f"{line.theirs}@127.0.0.1:{line.hfaxd}"
    command = ["/usr/bin/sendfax", "-n", "-l", "-h", modem, "-d", to, str(tiff)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if said.returncode:
        raise Permanent(f"sendfax: {said.stderr.strip()[:200]}")


def section_of(line: FaxLine, secret_file: Path) -> dict[str, str | int]:
    """Return what a hub's file says of HylaFAX (`hylafax` of the service) to use this line."""
    return {
        "hfaxd": f"127.0.0.1:{line.hfaxd}",
        "spool": str(line.spool),
        "modem": line.ours,
        "lines": 98,
        "secret_file": str(secret_file),
    }


@contextmanager
def run_fax_line(folder: Path, ends: Ends) -> Iterator[FaxLine]:
    """Run a line on a folder that everybody may enter; yield it once both modems are idle."""
    if why := lacking():
        raise Permanent(why)
    iax = free_port(), free_port()
    modems = [f"ttyFD{port}" for port in iax]
    line = FaxLine(folder / "spool", free_port(), *modems)
    _lay_out(line, ends)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for modem, own, other, number in zip(
            modems, iax, reversed(iax), (ends.our_number, ends.their_number), strict=True
        ):
            _write_modem(line.spool, modem, (own, other), number)
            running.append(_run(line.spool, ["/usr/bin/iaxmodem", _from_etc(line.spool / modem)]))
        _wait(lambda: all(Path("/dev", one).exists() for one in modems), running)
        running += [_run(line.spool, command) for command in _daemons(line)]
        _wait(lambda: all(_is_idle(line.spool, one) for one in modems), running)
        yield line
    finally:
        _end(running, modems)


def _hand_over() -> str:
    """Return the file of the command that hands faxes over, by the name it is installed under."""
    (command,) = entry_points(group="console_scripts", name="faden-faxrcvd")
    return inspect.getfile(command.load())


def _lay_out(line: FaxLine, ends: Ends) -> None:
    spool = line.spool
    shutil.copytree(_SPOOL, spool, symlinks=True)
    shutil.rmtree(spool / "etc")
    shutil.copytree(_SETTINGS, spool / "etc")
    shutil.copy(_hand_over(), spool / "bin" / "faden-faxrcvd.py")
    secret = spool / "etc" / "faxrcvd.secret"
    secret.write_text(ends.secret)
    (spool / "printed").mkdir()
    _write_script(spool / "bin" / "print", _PRINT)
    _write(spool / "etc" / "config", {"SendFaxCmd": _SEND, "NotifyCmd": "/bin/true", **_COUNTRY})
    # HylaFAX takes one word for its command: what has options needs a script.
    hand_over = f"{_PYTHON} bin/faden-faxrcvd.py --door {ends.door} --secret-file {secret}"
    _write_script(spool / "bin" / "hand-over", f'#!/bin/sh\nexec {hand_over} "$@"\n')
    for modem, command in ((line.ours, "bin/hand-over"), (line.theirs, "bin/print")):
        said = {**_MODEM, **_COUNTRY, "FaxRcvdCmd": command, "LocalIdentifier": modem}
        patterns = "".join(f'CallIDPattern: "{one}="\n' for one in ("NMBR", "NAME", "ANID", "NDID"))
        _write(spool / "etc" / f"config.{modem}", said, patterns)
    for path in (spool, *spool.rglob("*")):
        shutil.chown(path, "uucp", "uucp")
    for private in (secret, spool / "etc" / "hosts.hfaxd"):
        private.chmod(0o600)
    spool.chmod(0o755)
    spool.parent.chmod(0o755)


_COUNTRY = {
    "CountryCode": "49",
    "AreaCode": "711",
    "LongDistancePrefix": "0",
    "InternationalPrefix": "00",
    "DialStringRules": "etc/dialrules",
}
_MODEM = {
    "FAXNumber": "+49711",
    "RecvFileMode": "0640",
    "DeviceMode": "0660",
    "RingsBeforeAnswer": "1",
    "SpeakerVolume": "off",
    "ModemType": "Class1",
    "Class1AdaptRecvCmd": "AT+FAR=1",
    "ModemResetCmds": "AT+VCID=1",
    "PagerTTYParity": "none",
}


def _write(path: Path, said: dict[str, str], more: str = "") -> None:
    path.write_text("".join(f"{key}: {value}\n" for key, value in said.items()) + more)


def _write_script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _write_modem(spool: Path, modem: str, ports: tuple[int, int], number: str) -> None:
    own, other = ports
    (spool / modem).write_text(
        f"device /dev/{modem}\nowner uucp:uucp\nmode 660\nport {own}\nrefresh 0\n"
        f"server 127.0.0.1:{other}\npeername {modem}\nsecret none\ncidname {number}\n"
        f"cidnumber {number}\ncodec slinear\n"
    )


def _from_etc(path: Path) -> str:
    """Return a path as iaxmodem takes it: it looks below /etc/iaxmodem alone."""
    return os.path.relpath(path, "/etc/iaxmodem")


def _daemons(line: FaxLine) -> list[Sequence[str]]:
    spool = str(line.spool)
    return [
        ["/usr/sbin/faxq", "-D", "-q", spool],
        ["/usr/sbin/hfaxd", "-d", "-q", spool, "-l", "127.0.0.1", "-i", str(line.hfaxd)],
        ["/usr/sbin/faxgetty", "-q", spool, line.ours],
        ["/usr/sbin/faxgetty", "-q", spool, line.theirs],
    ]


def _run(spool: Path, command: Sequence[str]) -> subprocess.Popen[bytes]:
    with (spool / "daemons.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=spool, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
        )


def _is_idle(spool: Path, modem: str) -> bool:
    try:
        return _READY in (spool / "status" / modem).read_text()
    except OSError:
        return False


def _wait(fact: Callable[[], bool], running: Sequence[subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + _START
    while not fact():
        gone = [one for one in running if one.poll() is not None]
        if gone or time.monotonic() > end:
            raise Permanent(f"the fax line did not start: {gone or 'the modems are not idle'}")
        time.sleep(0.1)


def _end(running: Sequence[subprocess.Popen[bytes]], modems: Sequence[str]) -> None:
    for one in reversed(running):
        with suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGTERM)
    for one in running:
        try:
            one.wait(5)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()
    for modem in modems:
        Path("/dev", modem).unlink(missing_ok=True)


def main() -> None:
    """Run a line until Ctrl-C, for a hub on this machine: `make fax-line`."""
    folder = Path(tempfile.mkdtemp(prefix="faden-fax-"))
    secret = Path(".faden/carrier.token")
    ends = Ends(_DOOR, secret.read_text().strip() if secret.exists() else "none")
    try:
        with run_fax_line(folder, ends) as line:
            print("Both modems are idle. In faden.yaml, `hylafax` of the service of faxes:")
            print(
                *(f"  {key}: {value}" for key, value in section_of(line, secret).items()), sep="\n"
            )
            signal.pause()
    except KeyboardInterrupt:
        pass
    except Permanent as error:
        raise SystemExit(f"fax-line: {error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
