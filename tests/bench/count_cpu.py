"""Counts the processor seconds of a process and all it started, for the sums of CPU per event."""

import psutil


def cpu_seconds(pid: int) -> float:
    """Return user + system seconds of the tree, those of ended children included."""
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # ended between listing and asking; its parent has counted it
        total += times.user + times.system + times.children_user + times.children_system
    return total
