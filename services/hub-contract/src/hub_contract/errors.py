"""The whole error vocabulary: what may be tried again, and what may not."""

from hub_contract.delivery import Reason
from hub_contract.refusals import Refusal


class Temporary(Exception):  # noqa: N818 - the two words of the house
    """Stop, back off, try again in place: a peer or a part of ours is away for now.

    `retry_after`: the seconds that the peer asked us to wait (Retry-After, RFC 9110 §10.2.3).
    """

    def __init__(self, text: str = "", *, retry_after: float = 0) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Permanent(Exception):  # noqa: N818
    """Trying again cannot help; the text says why, in words an operator understands.

    `reason`: what a delivery failed for, where it is one that failed. `code`: why a request was
    refused, for whoever asked over HTTP and chooses words by it.
    """

    def __init__(
        self,
        text: str = "",
        *,
        reason: Reason = Reason.OTHER,
        code: Refusal = Refusal.NOT_POSSIBLE,
    ) -> None:
        super().__init__(text)
        self.reason, self.code = reason, code
