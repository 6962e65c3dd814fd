"""Reads `name=value; …`, as signatures, keys and policies have it: RFC 6376 §3.2."""


def read_tags(text: str) -> dict[str, str] | None:
    """Return the values by name, in order, or None where it is no such list or a name is twice."""
    tags: dict[str, str] = {}
    for piece in text.split(";"):
        if not piece.strip():
            continue
        name, equals, value = piece.partition("=")
        if not equals or name.strip() in tags:
            return None
        tags[name.strip()] = value.strip()
    return tags
