"""Hands a fax that HylaFAX has received over to the service; HylaFAX runs it after each call.

Rule 1. Code 0 only once the service says that the fax is safe; then the file is deleted, so that
        nothing lies in the clear. Else code 1, the file stays, and the service's sweep takes it.
Rule 2. Nothing but the standard library is loaded: it starts for each call, as uucp.

HylaFAX's `FaxRcvdCmd` is one word, so a script stands there (README):

    #!/bin/sh
    exec /opt/faden/bin/faden-faxrcvd --secret-file /etc/faden/faxrcvd.secret "$@"
"""

import argparse
import http.client
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

DOOR = "http://127.0.0.1:8017"
PATH = "/received"
PATIENCE = 60  # seconds; HylaFAX answers no other call on this line meanwhile
SAFE = 202


def main(arguments: Sequence[str] | None = None) -> None:
    """Leave with 0 once it is safe, else with 1 and the reason for HylaFAX's log."""
    said = _read_arguments(arguments)
    try:
        raw = Path(said.file).read_bytes()
        _hand_over(said, raw)
        if not said.keep:
            Path(said.file).unlink(missing_ok=True)
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"faden-faxrcvd: {said.file}: {error}; it stays there", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None


def _read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faden-faxrcvd", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--door", default=DOOR, help="where the service is asked")
    parser.add_argument("--secret-file", required=True, help="what it knows us by")
    parser.add_argument("--keep", action="store_true", help="do not delete what is safe")
    parser.add_argument("file", help="of the TIFF, from the spool folder")
    parser.add_argument("modem")
    parser.add_argument("commid")
    parser.add_argument("fault", help="empty where the call ended as it should")
    parser.add_argument("call_ids", nargs="*", help="in the order of HylaFAX's CallIDPattern lines")
    return parser.parse_args(arguments)


def _hand_over(said: argparse.Namespace, raw: bytes) -> None:
    """Raise `OSError` where the service did not say that it is safe."""
    secret = Path(said.secret_file).read_text(encoding="utf-8").strip("\r\n")
    facts = {
        "file": Path(said.file).name,
        "commid": said.commid,
        "fault": said.fault,
        "call_ids": said.call_ids,
    }
    body = json.dumps(facts).encode() + b"\n" + raw
    door = urlsplit(said.door)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/octet-stream"}
    connection = http.client.HTTPConnection(door.hostname or "", door.port or 80, timeout=PATIENCE)
    try:
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        words = answer.read(300).decode("utf-8", "replace")
    finally:
        connection.close()
    if answer.status != SAFE:
        raise OSError(f"the service answered {answer.status}: {words}")


if __name__ == "__main__":
    main()
