"""Telnyx's words in ours: tables with a total fallback.

`failure_reason` as the API's own description lists it
(https://developers.telnyx.com/docs/programmable-fax/receiving-webhooks, and
https://support.telnyx.com/en/articles/4967498-fax-api-error-list). One that nobody knows is
`other`, with the word shown.
"""

from hub_contract.delivery import Delivery, Reason

STATUS = {
    "queued": Delivery.ACCEPTED,
    "media.processed": Delivery.ACCEPTED,
    "originated": Delivery.ACCEPTED,
    "sending": Delivery.SENT,
    "sending.started": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "failed": Delivery.FAILED,
    "canceled": Delivery.FAILED,
}
_REASONS = {
    "user_busy": Reason.BUSY,
    "receiver_no_answer": Reason.NO_ANSWER,
    "receiver_no_response": Reason.NO_ANSWER,
    "receiver_recovery_on_timer_expire": Reason.NO_ANSWER,
    "fax_initial_communication_timeout": Reason.NO_ANSWER,  # somebody answers, no machine does
    "receiver_decline": Reason.REFUSED_BY_RECIPIENT,
    "receiver_unallocated_number": Reason.ADDRESS_UNKNOWN,
    "receiver_invalid_number_format": Reason.ADDRESS_UNKNOWN,
    "destination_invalid": Reason.ADDRESS_UNKNOWN,
    "receiver_incompatible_destination": Reason.UNREACHABLE,
    "destination_unreachable": Reason.UNREACHABLE,
    "service_unavailable": Reason.UNREACHABLE,
    "receiver_call_dropped": Reason.LINE_DROPPED,
    "sender_call_dropped": Reason.LINE_DROPPED,
    "carrier_lost": Reason.LINE_DROPPED,
    "fax_signaling_error": Reason.LINE_DROPPED,
    "receiver_communication_error": Reason.LINE_DROPPED,
    "sender_communication_error": Reason.LINE_DROPPED,
    "invalid_ecm_response_from_receiver": Reason.LINE_DROPPED,
    "file_size_limit_exceeded": Reason.TOO_LARGE,
    "page_count_limit_exceeded": Reason.TOO_LARGE,
    # Ours to mend: who reads it must look at the settings, not at the number.
    "account_disabled": Reason.NOT_CONFIGURED,
    "no_outbound_profile": Reason.NOT_CONFIGURED,
    "destination_not_in_service_plan": Reason.NOT_CONFIGURED,
    "destination_not_in_countries_whitelist": Reason.NOT_CONFIGURED,
    "unverified_origination_number": Reason.NOT_CONFIGURED,
    "unverified_destination_not_allowed": Reason.NOT_CONFIGURED,
    "user_channel_limit_exceeded": Reason.NOT_CONFIGURED,
    "connection_channel_limit_exceeded": Reason.NOT_CONFIGURED,
    "outbound_profile_channel_limit_exceeded": Reason.NOT_CONFIGURED,
    "outbound_profile_daily_spend_limit_exceeded": Reason.NOT_CONFIGURED,
    "sender_canceled": Reason.OTHER,
    "file_format_invalid": Reason.OTHER,
    "file_download_failed": Reason.OTHER,
    "media_processing_exception": Reason.OTHER,
}


def status_of(word: str) -> Delivery | None:
    """Return our word for a status of an outgoing fax; None for what says nothing of one."""
    return STATUS.get(word.strip().lower())


def reason_of(word: str) -> Reason:
    """Return why it failed; "" is no reason at all."""
    return _REASONS.get(word, Reason.OTHER) if word else Reason.NONE
