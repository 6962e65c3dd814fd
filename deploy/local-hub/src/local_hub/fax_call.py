"""Makes a fax call in memory, by Debian's spandsp: T.30 to the sample, in hundredths of a second.

Two fax machines hear each other's samples (8,000 a second); the line between them may have noise,
or be cut. spandsp (LGPL 2.1) is loaded where it is found, and no part of Faden.
"""

import ctypes
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub_contract.errors import Permanent

FRAME, RATE = 160, 8_000  # samples at a time, and a second
LONGEST = 180  # seconds of a call
MH, MR, MMR = 1, 2, 4  # T.4 one- and two-dimensional, T.6
_NOISES = 65_536  # samples that are drawn once, and heard again and again
_VOID, _INT, _TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
_SAMPLES = ctypes.POINTER(ctypes.c_int16)
_ENDED = ctypes.CFUNCTYPE(None, _VOID, _VOID, _INT)
_FUNCTIONS: dict[str, tuple[Sequence[object], object]] = {
    "fax_init": ([_VOID, _INT], _VOID),
    "fax_free": ([_VOID], _INT),
    "fax_get_t30_state": ([_VOID], _VOID),
    "fax_tx": ([_VOID, _SAMPLES, _INT], _INT),
    "fax_rx": ([_VOID, _SAMPLES, _INT], _INT),
    "fax_set_transmit_on_idle": ([_VOID, _INT], None),
    "t30_set_tx_file": ([_VOID, _TEXT, _INT, _INT], None),
    "t30_set_rx_file": ([_VOID, _TEXT, _INT], None),
    "t30_set_tx_ident": ([_VOID, _TEXT], _INT),
    "t30_set_ecm_capability": ([_VOID, _INT], _INT),
    "t30_set_supported_compressions": ([_VOID, _INT], _INT),
    "t30_set_supported_modems": ([_VOID, _INT], _INT),
    "t30_set_phase_e_handler": ([_VOID, _ENDED, _VOID], None),
}


@dataclass(frozen=True, slots=True)
class Wire:
    """What lies between the machines, and what they can do."""

    ecm: bool = True  # error correction (T.30 annex A)
    compressions: int = MH | MR | MMR
    noise: float = 0  # standard deviation, in sample values
    cut_after: float = LONGEST  # seconds


@dataclass(frozen=True, slots=True)
class Ended:
    """What each machine says at the end: 0 is a good one, None none at all (`t30.h`)."""

    sender: int | None
    receiver: int | None
    seconds: float  # on the line


def find_library() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob("*/libspandsp.so.2"))), None)


def make_call(sent: Path, received: Path, wire: Wire = Wire()) -> Ended:
    """Send a TIFF by a call; what came lies at `received`, if anything did."""
    library = _load()
    machines = [library.fax_init(None, calls) for calls in (1, 0)]
    ends: list[int | None] = [None, None]
    handlers = [_ENDED(lambda _, __, said, at=at: ends.__setitem__(at, said)) for at in (0, 1)]
    try:
        for machine, handler, ident in zip(machines, handlers, (b"0711 1", b"0711 2"), strict=True):
            state = library.fax_get_t30_state(machine)
            library.t30_set_phase_e_handler(state, handler, None)
            library.t30_set_tx_ident(state, ident)
            library.t30_set_ecm_capability(state, int(wire.ecm))
            library.t30_set_supported_compressions(state, wire.compressions)
            library.t30_set_supported_modems(state, 1 | 2 | 4)  # V.29, V.27ter, V.17
            library.fax_set_transmit_on_idle(machine, 1)
        first, second = map(library.fax_get_t30_state, machines)
        library.t30_set_tx_file(first, str(sent).encode(), -1, -1)
        library.t30_set_rx_file(second, str(received).encode(), -1)
        seconds = _talk(library, machines, ends, wire)
    finally:
        for machine in machines:
            library.fax_free(machine)
    return Ended(ends[0], ends[1], seconds)


def _talk(
    library: ctypes.CDLL, machines: Sequence[int], ends: Sequence[int | None], wire: Wire
) -> float:
    """Carry samples between them until both have hung up; return the seconds that took."""
    heard = [(ctypes.c_int16 * FRAME)() for _ in machines]
    noise, at = _noise(wire.noise), 0
    for frame in range(LONGEST * RATE // FRAME):
        if None not in ends:
            return frame * FRAME / RATE
        is_cut = frame * FRAME >= wire.cut_after * RATE
        for machine, samples in zip(machines, heard, strict=True):
            said = library.fax_tx(machine, samples, FRAME)
            for place in range(0 if is_cut else said, FRAME):
                samples[place] = 0
            if noise and not is_cut:
                at = (at + FRAME) % (len(noise) - FRAME)
                for place in range(FRAME):
                    value = samples[place] + noise[at + place]
                    samples[place] = max(-32_768, min(32_767, value))
        library.fax_rx(machines[0], heard[1], FRAME)
        library.fax_rx(machines[1], heard[0], FRAME)
    return float(LONGEST)


def _noise(deviation: float) -> Sequence[int]:
    """Return the same noise each time."""
    if not deviation:
        return array("h")
    draw = random.Random(12)  # noqa: S311 - noise, no secret
    return array("h", (round(draw.gauss(0, deviation)) for _ in range(_NOISES)))


def _load() -> ctypes.CDLL:
    path = find_library()
    if path is None:
        raise Permanent("no libspandsp2 here; run deploy/parts.sh")
    library = ctypes.CDLL(str(path))
    for name, (arguments, result) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result
    return library
