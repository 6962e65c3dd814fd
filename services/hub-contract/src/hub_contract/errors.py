"""The whole error vocabulary: what may be tried again, and what may not."""

from hub_contract.refusals import Refusal


class Temporary(Exception):  # noqa: N818 - the two words of the house
    """Stop, back off, try again in place: a peer or a part of ours is away for now."""


class Permanent(Exception):  # noqa: N818
    """Trying again cannot help; the text says why, in words an operator understands.

    `code`: why, for whoever asked over HTTP and chooses words by it.
    """

    def __init__(self, text: str = "", *, code: Refusal = Refusal.NOT_POSSIBLE) -> None:
        super().__init__(text)
        self.code = code
