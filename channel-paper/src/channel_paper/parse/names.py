"""Which names in a scan folder are no scans: still being written, or not a scanner's at all.

A new scanner's habit is a new line here.
"""

from pathlib import PurePosixPath

OURS = frozenset({"done", "failed", ".faden"})  # at the top of a box's folder
DEEPEST = 4  # folders below a box that are looked into

# How names of what is still being written begin, and who writes so.
_BEGINS = {
    ".": "rsync, Kyocera, Samba, and what the system hides",
    "~": "Windows programs",
    "tmp_": "Canon, Ricoh",
    "temp_": "Brother",
    "$": "Windows",
}
# How they end, in lower case.
_ENDS = {
    ".tmp": "Xerox, Konica Minolta, HP",
    ".temp": "Epson",
    ".part": "SFTP programs, Firefox",
    ".partial": "Edge, curl",
    ".filepart": "WinSCP",
    ".crdownload": "Chrome",
    ".download": "Safari",
    ".writing": "Fujitsu PaperStream",
    ".lock": "Xerox beside its XST folders",
    ".lck": "Lexmark",
    ".swp": "editors",
    ".upload": "Ricoh",
    "~": "editors",
}
_NAMES = {
    "thumbs.db": "Windows",
    "desktop.ini": "Windows",
    "__macosx": "macOS",
}


def is_temporary(name: str) -> bool:
    """Say whether this name, without folders, is none of a scan that is complete."""
    lower = name.lower()
    return lower in _NAMES or lower.startswith(tuple(_BEGINS)) or lower.endswith(tuple(_ENDS))


def is_ours(path: PurePosixPath) -> bool:
    """Say whether this path below a box's folder is where we keep what was taken."""
    return path.parts[:1] != () and path.parts[0] in OURS
