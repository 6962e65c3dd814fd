"""Who has signed a hook of Telnyx's: pure.

Ed25519 over `<timestamp>|<body>`, as `telnyx.lib.webhook_verification` of Telnyx's own library.
"""

from base64 import b64decode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub_kit.tokens import Refused

WINDOW = 300  # seconds by which a hook may be old, or early
SIGNATURE, TIMESTAMP = "telnyx-signature-ed25519", "telnyx-timestamp"


def check_signature(
    headers: Mapping[str, str], body: bytes, key: Ed25519PublicKey, now: float
) -> None:
    """Raise `Refused` where Telnyx has not signed this, or not within the window."""
    said = headers.get(TIMESTAMP, "")
    if not (said.isascii() and said.isdigit() and len(said) < 12):
        raise Refused("timestamp")
    if abs(int(now) - int(said)) > WINDOW:
        raise Refused("timestamp: too old, or from the future")
    try:
        signature = b64decode(headers.get(SIGNATURE, ""), validate=True)
        key.verify(signature, said.encode() + b"|" + body)
    except (ValueError, InvalidSignature):
        raise Refused("signature") from None
