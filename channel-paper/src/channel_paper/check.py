"""What is wrong with our boxes, for `faden check`: secrets, addresses, who calls hooks."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from pydantic import HttpUrl

from channel_paper.boxes import Boxes, LetterXpressBox, PaperBox, PingenBox
from hub_contract.contact_points import contact_point
from hub_contract.words import ContactKind
from hub_kit.about import Lack
from hub_kit.settings import ConfigurationError


def lacks(pingen: str, boxes: Boxes, public: str) -> Iterator[Lack]:
    """Yield each fault; `pingen` is the address by which Pingen is asked, `public` is ours."""
    for box in boxes:
        yield from _address_lacks(box)
        yield from _secret_lacks(box)
        if isinstance(box.settings, PingenBox) and not _is_inside(pingen):
            yield from _hook_lacks(public, box)


def _address_lacks(box: PaperBox) -> Iterator[Lack]:
    for key in ("address", "return_address"):
        written = getattr(box.settings, key)
        if contact_point(ContactKind.POSTAL, written, box.settings.country or "DE").as_written:
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
