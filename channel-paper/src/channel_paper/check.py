"""What is wrong with our boxes, for `faden check`: folders, addresses, secrets, hooks."""

import os
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

from pydantic import HttpUrl

from channel_paper.boxes import Boxes, LetterXpressBox, PaperBox, PingenBox
from hub_contract.contact_points import contact_point
from hub_contract.words import ContactKind
from hub_kit.about import Lack
from hub_kit.settings import ConfigurationError
from hub_kit.space import MB, room_at

ENOUGH = 500 * MB  # bytes that must be free where scans lie


def lacks(boxes: Boxes, *, listens: bool, pingen: str = "", public: str = "") -> Iterator[Lack]:
    """Yield each fault; `listens`: there is an SFTP listener.

    `pingen` is the address by which Pingen is asked, `public` is ours.
    """
    for box in boxes:
        yield from _address_lacks(box)
        yield from _secret_lacks(box)
        if isinstance(box.settings, PingenBox) and not _is_inside(pingen):
            yield from _hook_lacks(public, box)
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


def _address_lacks(box: PaperBox) -> Iterator[Lack]:
    for key in ("address", "return_address"):
        written = getattr(box.settings, key)
        if (
            written
            and contact_point(ContactKind.POSTAL, written, box.settings.country or "DE").as_written
        ):
            shown = ", ".join(written.splitlines())
            remedy = "write it as Stadt Musterstadt, Rathausplatz 1, 12345 Musterstadt"
            yield Lack(
                f"{box.setting}.{key}", shown, "has no postcode and place at its end", remedy
            )


def _secret_lacks(box: PaperBox) -> Iterator[Lack]:
    for key, read in _secrets(box).items():
        try:
            fault, remedy = "" if read() else "is empty", "write the provider's secret into it"
        except ConfigurationError as error:
            fault, _, remedy = str(error).rpartition("; ")
        if fault:
            variable = getattr(box.settings, f"{key}_env")
            named = f"{key}_env" if variable else f"{key}_file"
            value = variable or str(getattr(box.settings, f"{key}_file"))
            yield Lack(f"{box.setting}.{named}", value, fault, remedy)


def _secrets(box: PaperBox) -> dict[str, Callable[[], str]]:
    match box.settings:
        case PingenBox() as own:
            return {"client_secret": own.client_secret, "hook_secret": own.hook_secret}
        case LetterXpressBox() as own:
            return {"key": own.key}
        case _:
            return {}


def _hook_lacks(public: str, box: PaperBox) -> Iterator[Lack]:
    if not public.startswith("https://") or _is_inside(public):
        yield Lack(
            "services.gateway.public",
            public,
            f"Pingen cannot call {public}/hooks/paper/{box.key}",
            "write the https address by which the outside reaches the gateway",
        )


def _is_inside(url: str) -> bool:
    """Say whether nobody outside reaches this: a private address, or a name without a dot."""
    host = str(HttpUrl(url).host or "").strip("[]")
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host
