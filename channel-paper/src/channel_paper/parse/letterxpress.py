"""Turn a job in a list of LetterXpress into what it means for us: pure."""

from collections.abc import Mapping
from typing import Any

from channel_paper.parse.report import Said, letter_called
from hub_contract.delivery import Delivery, Reason


def read_job(job: Mapping[str, Any], status: Delivery, tenant: str, account: str) -> Said | None:
    """Return how far a letter is; None where the job is none of this box. `status`: of its list."""
    message_id = letter_called(str(job.get("address", "")), tenant, account)
    if message_id is None:
        return None
    pages = str(job.get("pages", ""))
    return Said(
        message_id,
        status,
        Reason.OTHER if status is Delivery.FAILED else Reason.NONE,
        external_id=str(job.get("jid", "")),
        pages=int(pages) if pages.isascii() and pages.isdigit() else None,
    )
