"""What is known of a scanned file beside its bytes: whose it is, when and how it came."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Way(StrEnum):
    """How a file came into a box."""

    FOLDER = "folder"  # a scanner wrote it
    SFTP = "sftp"
    UPLOAD = "upload"  # an operator handed it in, in the browser
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Context:
    """`by` is the user of SFTP, or the log-in of the operator; empty where a folder has no user."""

    tenant: str
    account: str
    received_at: datetime
    file_name: str = ""  # as the scanner named it, with the folders below the box
    way: Way = Way.UNKNOWN
    by: str = ""
    device: str = ""
