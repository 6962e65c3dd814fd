"""Reads what a provider sends as a form: names and values, within limits, from any bytes."""

from urllib.parse import parse_qsl

FIELDS = 500  # Twilio sends some thirty; new ones come without notice


def read_form(raw: bytes) -> dict[str, str]:
    """Return the first value of each name. Never raises."""
    try:
        pairs = parse_qsl(
            raw.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=FIELDS
        )
    except ValueError:  # more fields than that
        return {}
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found
