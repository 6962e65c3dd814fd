"""Reads the faces that the file of settings names, once, when a service starts."""

from collections.abc import Mapping
from pathlib import Path

from hub_kit.settings import ConfigurationError, Loaded
from hub_pages.face import FILE, Face, parse_face
from hub_pages.face.fault import Fault

_ENDINGS = frozenset({".yaml", ".md", ".svg", ".png"})
_MOST = 300_000  # bytes that are read of a file; each kind has its own limit below


def read_faces(loaded: Loaded) -> dict[str, Face]:
    """Return the face of every tenant that has one; `ConfigurationError` for the first fault."""
    faces = {}
    for tenant, (face, faults) in look_at_faces(loaded).items():
        if faults:
            more = f" ({len(faults) - 1} more after this one)" if faults[1:] else ""
            key, folder = f"tenants.{tenant}.face", folders(loaded)[tenant]
            raise ConfigurationError(f"{loaded.path}: {key}: {folder}/{faults[0]}{more}")
        faces[tenant] = face
    return faces


def look_at_faces(loaded: Loaded) -> dict[str, tuple[Face, list[Fault]]]:
    """Return every face and all that is wrong with it."""
    found = {}
    for tenant, folder in folders(loaded).items():
        try:
            found[tenant] = parse_face(tenant, _files(folder))
        except OSError as error:
            fault = Fault(FILE, "", error.strerror or "cannot be read", "correct the path")
            found[tenant] = Face(tenant), [fault]
    return found


def folders(loaded: Loaded) -> dict[str, Path]:
    """Return the folder of each tenant that brings a face; it is named from that of the file."""
    named = {tenant: one.face for tenant, one in loaded.hub.tenants.items() if one.face}
    return {tenant: loaded.path.parent / face for tenant, face in named.items()}


def _files(folder: Path) -> Mapping[str, bytes]:
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _ENDINGS and path.is_file():
            with path.open("rb") as file:
                files[path.name] = file.read(_MOST)
    return files
