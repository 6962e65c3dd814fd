"""Checks one colour against the grounds of our pages (WCAG 2.2, 1.4.3 and 1.4.11): pure.

The colour becomes that of links and buttons. No colour reaches 4.5:1 on white and on black grounds
both: what suffices on the palest one is too dark for the dark scheme. So the dark scheme has a
shade of its own, the nearest that passes there, or the one that is named.
"""

import colorsys
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hub_pages.face.fault import Fault

ENOUGH = 4.5  # to 1, AA for text
# Where links and buttons lie, as KERN UX has them: page, surface, and the four kinds of alerts.
LIGHT = ("#ffffff", "#f3f4f7", "#fee4e0", "#c0f3ff", "#cdf2e4", "#ffe7b6")
DARK = ("#000000", "#131525", "#1d2034", "#4c0000", "#002533", "#00271b", "#351b00")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_STEP = 0.005  # of lightness, in which a near colour is looked for


@dataclass(frozen=True, slots=True)
class Colours:
    """`#rrggbb` of links and buttons, by scheme; text on them is white, and black in the dark."""

    light: str
    dark: str

    def style(self) -> str:
        """Return the style sheet that lays them over KERN's."""
        light = _rules(self.light, "#fff", "black")
        dark = _rules(self.dark, "#000", "white")
        return (
            f":root, [data-kern-theme=light] {{ {light} }}\n"
            f"@media (prefers-color-scheme: dark) {{ :root:not([data-kern-theme=light])"
            f" {{ {dark} }} }}\n[data-kern-theme=dark] {{ {dark} }}\n"
        )


def _rules(colour: str, text: str, pressed: str) -> str:
    """Say the colour, what stands on it, and that a button's contrast grows below the pointer."""
    action, shade = "--kern-color-action", "--kern-color-action-state-indicator-shade"
    mixed = [
        f"{shade}-{state}: color-mix(in oklch, {colour}, {pressed} {share}%)"
        for state, share in (("hover", 12), ("active", 24))
    ]
    return "; ".join([f"{action}-default: {colour}", f"{action}-on-default: {text}", *mixed])


def read_colours(file: str, light: str, dark: str) -> tuple[Colours | None, list[Fault]]:
    """Return the colours of both schemes; `dark` may be empty. Empty twice: there is none."""
    if not light:
        lonely = Fault(file, "colour_dark", "stands alone", "write colour too")
        return None, [lonely] if dark else []
    wrong = [
        Fault(file, field, f"{value!r} is no colour", "write six hex digits, for example '#8a1538'")
        for field, value in (("colour", light), ("colour_dark", dark))
        if value and not _HEX.fullmatch(value)
    ]
    if wrong:
        return None, wrong
    shade = dark or near(light, DARK)
    found = [*_check(file, "colour", light, LIGHT), *_check(file, "colour_dark", shade, DARK)]
    return Colours(light.lower(), shade.lower()), found


def _check(file: str, field: str, colour: str, grounds: Sequence[str]) -> list[Fault]:
    ground = min(grounds, key=lambda one: contrast(colour, one))
    found = contrast(colour, ground)
    if found >= ENOUGH:
        return []
    scheme = "light" if grounds is LIGHT else "dark"
    said = (
        f"{colour} has a contrast of {int(found * 100) / 100}:1 on {ground},"
        f" a ground of the {scheme} scheme, and {ENOUGH}:1 is needed (WCAG 2.2, AA)"
    )
    return [Fault(file, field, said, f"write '{near(colour, grounds)}', which is near and passes")]


def contrast(one: str, other: str) -> float:
    """Return the ratio of WCAG 2.2, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = map(_linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def near(colour: str, grounds: Sequence[str]) -> str:
    """Return the nearest shade of the same hue that is enough on all grounds."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    step = -_STEP if grounds is LIGHT else _STEP
    shade = colour.lower()
    while any(contrast(shade, ground) < ENOUGH for ground in grounds):
        lightness = min(1.0, max(0.0, lightness + step))
        parts = colorsys.hls_to_rgb(hue, lightness, saturation)
        shade = "#" + "".join(f"{round(part * 255):02x}" for part in parts)
    return shade
