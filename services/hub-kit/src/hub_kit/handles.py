"""File handles: a process takes as many as it may have, and knows how many that are."""

import resource

ENOUGH = 4096  # below this, `faden check` says so
_MOST = 65_536  # more than anybody needs here; tables of the kernel grow with it
_OWN = 128  # for the database, the bus, blobs, logs


def raise_handles() -> int:
    """Raise the soft limit as far as the hard one lets us; return how many there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _MOST if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def room_for_connections(handles: int) -> int:
    """Return how many connections so many handles carry: each may need a second one inwards."""
    return max(16, (handles - _OWN) // 2)
