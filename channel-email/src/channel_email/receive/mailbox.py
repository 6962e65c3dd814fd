"""One hosted mailbox over IMAP (RFC 9051, 3501): look, fetch, wait, tidy up; blocking.

Every method blocks, so a mailbox lives in a thread of its own. Whatever the server or the network
does wrong leaves as `Temporary`, in words without names or contents.
"""

import logging
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from channel_email.receive.idle import wait_for_mail
from channel_email.settings import After, Imap, Tls
from hub_contract.errors import Temporary
from hub_kit.settings import ConfigurationError

_WINDOW = 100_000  # UIDs of one search: its answer is one line, and lines have a limit (1 MB)
# It would log every line that is spoken.
logging.getLogger("imapclient").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Fetched:
    """`arrived` is when the server took the mail in (INTERNALDATE), aware, if it said so."""

    uid: int
    raw: bytes
    arrived: datetime | None


class Mailbox:
    """A connection to one folder."""

    def __init__(self, settings: Imap) -> None:
        self._settings = settings
        self._client: IMAPClient | None = None
        self._next_uid = 0  # when the folder was opened

    def open(self) -> int:
        """Connect and choose the folder; return its UIDVALIDITY."""
        with _faults("open"):
            self._client = client = self._connect()
            client.login(self._settings.user, self._settings.password())
            # EXAMINE changes nothing, not even what is "recent".
            readonly = self._settings.after is After.KEEP
            selected = client.select_folder(self._settings.folder, readonly=readonly)
            self._next_uid = int(selected.get(b"UIDNEXT", 0))
            return int(selected[b"UIDVALIDITY"])

    def uids_after(self, last: int) -> list[int]:
        """Return UIDs above `last`, rising: all, or as many as fit into an answer."""
        with _faults("search"):
            while True:
                end = last + _WINDOW if last + _WINDOW < self._next_uid else "*"
                found = [int(uid) for uid in self._ready.search(["UID", f"{last + 1}:{end}"])]
                # `9:*` holds the last mail of the folder even if its UID is 8 (RFC 3501 §6.4.8).
                if (found := [uid for uid in found if uid > last]) or end == "*":
                    return sorted(found)
                last += _WINDOW

    def exist(self, uids: Sequence[int]) -> list[int]:
        """Return those of these UIDs whose mails are still there."""
        with _faults("search"):
            return [int(uid) for uid in self._ready.search(["UID", ",".join(map(str, uids))])]

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return the sizes in bytes; a mail deleted meanwhile is missing."""
        with _faults("sizes"):
            found = self._ready.fetch(list(uids), ["RFC822.SIZE"])
        return {uid: int(item[b"RFC822.SIZE"]) for uid, item in found.items()}

    def fetch(self, uids: Sequence[int]) -> list[Fetched]:
        """Return these mails in one go, unmarked; one that is gone or unreadable is missing."""
        with _faults("fetch"):
            found = self._ready.fetch(list(uids), ["BODY.PEEK[]", "INTERNALDATE"])
        return [
            Fetched(uid, item[b"BODY[]"], item.get(b"INTERNALDATE"))
            for uid, item in sorted(found.items())
            if isinstance(item.get(b"BODY[]"), bytes)
        ]

    def tidy(self, uids: Sequence[int]) -> None:
        """Delete or move mails that are safe with us, if that is what the account wants."""
        match self._settings.after:
            case After.KEEP:
                return
            case After.DELETE:
                with _faults("delete"):
                    self._delete(uids)
            case After.MOVE:
                with _faults("move"):
                    self._move(uids)

    @property
    def announces(self) -> bool:
        """Whether the server says by itself that mail has come (IDLE, RFC 2177)."""
        return bool(self._ready.has_capability("IDLE"))

    def wait(self, last: int, seconds: float) -> None:
        """Return when there is mail above UID `last`, or after so many seconds."""
        with _faults("idle"):
            wait_for_mail(self._ready.socket(), last, seconds)

    def close(self) -> None:
        """Close without a word: a server that hangs would have to hear it."""
        client, self._client = self._client, None
        if client:
            with suppress(IMAPClientError, OSError):
                client.shutdown()

    def break_off(self) -> None:
        """End the connection at once, from any thread: what it waits for fails."""
        if self._client:
            with suppress(OSError):
                self._client.socket().shutdown(socket.SHUT_RDWR)

    @property
    def _ready(self) -> IMAPClient:
        if self._client is None:
            raise Temporary("mailbox: not connected")
        return self._client

    def _connect(self) -> IMAPClient:
        settings = self._settings
        client = IMAPClient(
            settings.host,
            settings.port,
            ssl=settings.tls is Tls.IMPLICIT,
            ssl_context=_context(settings) if settings.tls is Tls.IMPLICIT else None,
            timeout=SocketTimeout(10, settings.timeout),  # type: ignore[arg-type]
        )
        client.normalise_times = False  # else it gives times without a zone
        offered = settings.tls is Tls.IF_OFFERED and client.has_capability("STARTTLS")
        if settings.tls is Tls.STARTTLS or offered:
            client.starttls(_context(settings))
        return client

    def _delete(self, uids: Sequence[int]) -> None:
        client = self._ready
        client.delete_messages(list(uids), silent=True)
        # Without UIDPLUS an EXPUNGE would also remove what a person has marked: left to the server.
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(list(uids))

    def _move(self, uids: Sequence[int]) -> None:
        client, target = self._ready, self._settings.move_to
        if client.has_capability("MOVE"):
            client.move(list(uids), target)
        else:
            client.copy(list(uids), target)
            self._delete(uids)


def _context(settings: Imap) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.tls is Tls.IF_OFFERED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _faults(step: str) -> Iterator[None]:
    try:
        yield
    except LoginError:
        raise Temporary("mailbox: log-in refused") from None
    except (IMAPClientError, OSError, ValueError, KeyError) as error:
        raise Temporary(f"mailbox: {step}: {type(error).__name__}") from None
    except ConfigurationError as error:  # it was there at the start; an operator can mend it
        raise Temporary(str(error)) from None
