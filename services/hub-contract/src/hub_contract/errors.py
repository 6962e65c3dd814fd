"""The whole error vocabulary: what may be tried again, and what may not."""


class Temporary(Exception):  # noqa: N818 - the two words of the house
    """Stop, back off, try again in place: a peer or a part of ours is away for now."""


class Permanent(Exception):  # noqa: N818
    """Trying again cannot help; the text says why, in words an operator understands."""
