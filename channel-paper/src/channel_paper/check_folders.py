"""What is wrong with our boxes, for `faden check`: folders, room on their disks, who hands in."""

import os
from collections.abc import Iterator
from pathlib import Path

from channel_paper.boxes import Boxes, PaperBox
from hub_kit.about import Lack
from hub_kit.settings import ConfigurationError
from hub_kit.space import MB, room_at

ENOUGH = 500 * MB  # bytes that must be free where scans lie


def lacks(boxes: Boxes, *, listens: bool) -> Iterator[Lack]:
    """Yield each fault; `listens`: there is an SFTP listener."""
    for box in boxes:
        yield from _folder_lacks(box)
        yield from _sftp_lacks(box, listens=listens)


def _folder_lacks(box: PaperBox) -> Iterator[Lack]:
    folder: Path = box.settings.folder
    key = f"{box.setting}.folder"
    above = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not os.access(above, os.W_OK | os.X_OK) or not above.is_dir():
        yield Lack(key, str(folder), "cannot be written", "let the service write there")
        return
    if folder.exists() and not os.access(folder, os.R_OK):
        yield Lack(key, str(folder), "cannot be read", "let the service read it")
    if (room := room_at(folder)).free < ENOUGH:
        free = f"has {room.free // MB} MB left"
        yield Lack(key, str(folder), free, f"make room: {ENOUGH // MB} MB at least")


def _sftp_lacks(box: PaperBox, *, listens: bool) -> Iterator[Lack]:
    user = box.settings.sftp
    if user is None:
        return
    key = f"{box.setting}.sftp"
    if not listens:
        remedy = "write services.channel_paper.sftp: 127.0.0.1:2222"
        yield Lack(key, user.user, "nobody listens for it", remedy)
    try:
        user.password()
    except ConfigurationError as error:
        fault, _, remedy = str(error).rpartition("; ")
        yield Lack(f"{key}.password", user.user, fault, remedy)
    if user.keys_file and not os.access(user.keys_file, os.R_OK):
        fault = "cannot be read"
        yield Lack(f"{key}.keys_file", str(user.keys_file), fault, "name a file of public keys")
