"""How long to wait before the next try: quick at first, then patient."""

_DELAYS = (5, 15, 30, 60, 120, 300, 600, 900, 1_800)  # seconds
LAST = 3_600
GIVE_UP_AFTER = 5 * 24 * 3_600  # seconds; what mail servers have taught people to expect


def delay(attempt: int) -> int:
    """Return the seconds to wait after this failed attempt, counted from 1."""
    return _DELAYS[attempt - 1] if attempt <= len(_DELAYS) else LAST
