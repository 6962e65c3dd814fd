"""Starts Debian's Dovecot and Postfix on folders and ports of their own, for tests and benches.

Nothing of the system's own mail is touched: configuration, queue, mailboxes and logs lie below
the folder that is given, and every port is on the loopback.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub_contract.errors import Permanent
from hub_kit.find_port import free_port

_DOVECOT = Path("/usr/sbin/dovecot")
_POSTFIX = Path("/usr/sbin/postfix")


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running IMAP server; every user has the same password and a Maildir below `mail`.

    `port` speaks plainly and offers STARTTLS, `tls_port` speaks TLS, where there is a certificate.
    """

    port: int
    tls_port: int
    password: str
    mail: Path
    log: Path
    owner: str  # the system user that owns the mailboxes

    def put(self, user: str, mails: Sequence[bytes], *, first: int = 0) -> None:
        """Lay mails into a user's INBOX, as a delivery agent does: written aside, then moved."""
        folder = self.mail / user
        for path in (folder, *(folder / name for name in ("cur", "new", "tmp"))):
            path.mkdir(exist_ok=True)
            shutil.chown(path, self.owner)
        for number, mail in enumerate(mails, start=first):
            name = f"{1_700_000_000 + number}.M{time.monotonic_ns()}P{os.getpid()}.faden"
            (folder / "tmp" / name).write_bytes(mail)
            shutil.chown(folder / "tmp" / name, self.owner)
            (folder / "tmp" / name).rename(folder / "new" / name)

    def forget_uids(self, user: str) -> None:
        """Throw the user's UIDs away: the next look gives all mails new ones (UIDVALIDITY)."""
        time.sleep(1.1)  # Dovecot's UIDVALIDITY is the second in which it begins to count
        for path in (self.mail / user).glob("dovecot*"):
            path.unlink()


@contextmanager
def start_dovecot(
    folder: Path, port: int = 0, certificate: Path | None = None
) -> Iterator[Dovecot]:
    """Run an IMAP server on `folder` until the end of the block; `certificate` holds its key too.

    Its own users must get through the folders above: /tmp is one, pytest's tmp_path is none.
    """
    if not _DOVECOT.exists():
        raise Permanent("no Dovecot here; run deploy/parts.sh")
    owner = "mail" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    port = port or free_port()
    mail, log = folder / "mail", folder / "dovecot.log"
    mail.mkdir(parents=True, exist_ok=True)
    shutil.chown(mail, owner)
    folder.chmod(0o755)
    # Paths of sockets are at most 107 bytes long, so they lie in a short folder.
    with tempfile.TemporaryDirectory(prefix="faden-dc-", dir="/tmp") as run:
        Path(run).chmod(0o755)
        config = folder / "dovecot.conf"
        text = _dovecot_conf(Path(run), mail, log, port, owner)
        tls_port = free_port() if certificate else 0
        text += _dovecot_tls(tls_port, certificate) if certificate else _NO_TLS
        config.write_text(text, encoding="utf-8")
        process = subprocess.Popen([f"{_DOVECOT}", "-F", "-c", f"{config}"])
        try:
            _wait_for_port(port, process, log)
            yield Dovecot(port, tls_port, "geheim", mail, log, owner)
        finally:
            process.terminate()
            process.wait(timeout=120)


def _dovecot_conf(run: Path, mail: Path, log: Path, port: int, owner: str) -> str:
    user = pwd.getpwnam(owner)
    internal = "" if os.geteuid() == 0 else f"{owner}"
    lines = f"""
base_dir = {run}
state_dir = {run}
log_path = {log}
protocols = imap
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{mail}/%u
first_valid_uid = {min(user.pw_uid, 1)}
first_valid_gid = {min(user.pw_gid, 1)}
passdb {{
  driver = static
  args = password=geheim
}}
userdb {{
  driver = static
  args = uid={user.pw_uid} gid={user.pw_gid} home={mail}/%u allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
}}
service anvil {{
  chroot =
}}
"""
    if internal:
        lines += f"default_internal_user = {internal}\ndefault_login_user = {internal}\n"
        lines += f"default_internal_group = {_group(user.pw_gid)}\n"
    return lines


_NO_TLS = """
ssl = no
service imap-login {
  inet_listener imaps {
    port = 0
  }
}
"""


def _dovecot_tls(port: int, certificate: Path) -> str:
    return f"""
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
service imap-login {{
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""


def _group(number: int) -> str:
    import grp

    return grp.getgrgid(number).gr_name


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running mail server: SMTP on `port`, its queue and log below `folder`."""

    port: int
    folder: Path
    log: Path

    def queued(self) -> int:
        """Return how many mails wait in the queue."""
        queue = self.folder / "queue"
        names = ("incoming", "active", "deferred", "maildrop", "hold")
        return sum(1 for name in names for p in (queue / name).rglob("*") if p.is_file())

    def flush(self) -> None:
        """Try everything that waits again, now."""
        command = ["postqueue", "-c", f"{self.folder / 'conf'}", "-f"]
        subprocess.run(command, check=True, capture_output=True)


@contextmanager
def start_postfix(
    folder: Path, port: int = 0, settings: Mapping[str, str] | None = None
) -> Iterator[Postfix]:
    """Run a mail server on `folder` until the end of the block; `settings` go into main.cf.

    Its programs change to users of their own, so this needs root, and folders they get through.
    """
    if not _POSTFIX.exists() or os.geteuid() != 0:
        raise Permanent("no Postfix here, or no root to start it; run deploy/parts.sh")
    port = port or free_port()
    conf, log = folder / "conf", folder / "postfix.log"
    for path in (conf, folder / "queue", folder / "data"):
        path.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    shutil.chown(folder / "data", "postfix")
    main = _postfix_main(folder, log) | dict(settings or {})
    text = "".join(f"{name} = {value}\n" for name, value in main.items())
    (conf / "main.cf").write_text(text, encoding="utf-8")
    (conf / "master.cf").write_text(_MASTER.replace("PORT", f"{port}"), encoding="utf-8")
    postfix = [f"{_POSTFIX}", "-c", f"{conf}"]
    started = subprocess.run([*postfix, "start"], check=False, capture_output=True, text=True)
    if started.returncode:
        raise Permanent(f"Postfix does not start: {started.stderr[-500:]}")
    try:
        _wait_for_port(port, None, log)
        yield Postfix(port, folder, log)
    finally:
        subprocess.run([*postfix, "stop"], check=False, capture_output=True)


def _postfix_main(folder: Path, log: Path) -> dict[str, str]:
    return {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder / 'queue'}",
        "data_directory": f"{folder / 'data'}",
        "command_directory": "/usr/sbin",
        "daemon_directory": "/usr/lib/postfix/sbin",
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "maillog_file": f"{log}",
        "maillog_file_prefixes": f"{folder}",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "myhostname": "mx.test.example",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "alias_database": "",
        "smtputf8_enable": "yes",
        "disable_dns_lookups": "yes",
    }


_MASTER = """
127.0.0.1:PORT inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def _wait_for_port(port: int, process: "subprocess.Popen[bytes] | None", log: Path) -> None:
    for _ in range(2400):
        if process and process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    said = log.read_text(errors="replace")[-500:] if log.exists() else "nothing"
    raise Permanent(f"mail server does not listen on {port}; its log says: {said}")
