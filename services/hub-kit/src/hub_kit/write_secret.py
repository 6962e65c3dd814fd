"""Writes small files that must be whole, secret and still there after a power cut."""

import os
import secrets
from pathlib import Path


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all; `FileExistsError` where there is one."""
    beside = _write_beside(path, content, mode)
    try:
        path.hardlink_to(beside)
    finally:
        beside.unlink()
    sync_folder(path.parent)


def write_over(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole in the place of an older one: readers see the one or the other."""
    _write_beside(path, content, mode).rename(path)
    sync_folder(path.parent)


def _write_beside(path: Path, content: bytes, mode: int) -> Path:
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return beside


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
