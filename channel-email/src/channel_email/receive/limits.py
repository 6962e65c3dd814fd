"""What one session may take from all others: its limits, and whether it is within them: pure.

Rule 1. Only what a client does counts: while it waits for us, its clocks stand still.
Rule 2. Only a mail is progress. NOOP, RSET, EHLO and the like keep no session alive.
Rule 3. A limit gives in to need: who is slow or idle goes sooner where others wait.
"""

from dataclasses import dataclass
from enum import StrEnum

from channel_email.settings import Limits

WINDOW = 2.0  # seconds over which a rate is measured; one slow one is enough where others wait


class Limit(StrEnum):
    """The names of the limits, in metrics and logs."""

    SESSIONS = "sessions"
    SESSIONS_PER_ADDRESS = "sessions_per_address"
    GAVE_WAY = "gave_way"  # idle, and others waited
    SESSION_TIME = "session_time"
    BETWEEN_MAILS = "between_mails"
    COMMANDS = "commands"
    SILENCE = "timeout"
    MAIL_TIME = "mail_time"
    RATE = "rate"
    LARGE_MAILS = "large_mails"
    RECIPIENTS = "recipients"
    SIZE = "size_limit"
    HEADER = "header_limit"
    LINE = "line_limit"


@dataclass(slots=True)
class Pace:
    """The clocks of one session, in seconds of the event loop."""

    met_at: float
    progress_at: float  # when it came, or its last mail was answered
    commands: int = 0  # since then
    mail_since: float | None = None  # the moment of the 354
    window_at: float = 0.0
    window_bytes: int = 0
    slow: float = 0.0  # for how long it has come too slowly, up to the window that runs
    waits_since: float | None = None  # for us: for room, or for its mail to be safe
    for_room: bool = False

    def begin_mail(self, now: float) -> None:
        self.mail_since = self.window_at = now
        self.window_bytes, self.slow = 0, 0.0

    def end_mail(self, now: float) -> None:
        self.mail_since, self.progress_at, self.commands = None, now, 0
        self.waits_since, self.for_room = None, False

    def wait(self, now: float, *, for_room: bool = False) -> None:
        self.waits_since, self.for_room = now, for_room

    def go_on(self, now: float) -> None:
        if self.waits_since is not None and self.mail_since is not None:
            self.mail_since += now - self.waits_since
        self.waits_since, self.for_room = None, False
        self.window_at, self.window_bytes, self.slow = now, 0, 0.0

    def idle(self, now: float) -> float:
        """Return for how long no mail has been under way; 0 while one is."""
        return 0.0 if self.mail_since is not None else now - self.progress_at


def bites(pace: Pace, now: float, limits: Limits, *, pressed: bool = False) -> Limit | None:
    """Return the limit that this session has passed, if any; `pressed`: others wait for its room.

    To be called often: a rate is what has come from one call to the next.
    """
    if pace.waits_since is not None:
        too_long = pace.for_room and now - pace.waits_since > limits.mail_time
        return Limit.LARGE_MAILS if too_long else None
    if pace.mail_since is not None:
        if now - pace.mail_since > limits.mail_time:
            return Limit.MAIL_TIME
        return _too_slow(pace, now, limits, pressed=pressed)
    if pace.commands > limits.commands:
        return Limit.COMMANDS
    if now - pace.met_at > limits.session_time:
        return Limit.SESSION_TIME
    return Limit.BETWEEN_MAILS if pace.idle(now) > limits.between_mails else None


def _too_slow(pace: Pace, now: float, limits: Limits, *, pressed: bool) -> Limit | None:
    window = min(limits.grace, WINDOW)
    passed = now - pace.window_at
    if passed >= window:
        pace.slow = pace.slow + passed if pace.window_bytes < limits.rate * passed else 0.0
        pace.window_at, pace.window_bytes = now, 0
    patience = window if pressed else limits.grace
    return Limit.RATE if pace.slow >= patience else None


def header_too_large(raw: bytes, limit: int) -> bool:
    """Say whether the header block is longer than the limit, in bytes; `raw` has CRLF only."""
    if len(raw) <= limit or raw.startswith(b"\r\n"):
        return False
    return raw.find(b"\r\n\r\n", 0, limit + 2) < 0


def line_too_long(raw: bytes, limit: int) -> bool:
    """Say whether a line is longer than the limit, in bytes, going from line end to line end."""
    at = 0
    while len(raw) - at > limit:
        end = raw.rfind(b"\n", at, at + limit + 2)
        if end < 0:
            return True
        at = end + 1
    return False
