"""What every channel at Twilio needs: who has signed a hook (files: `hub_kit.fetch`).

https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from twilio.request_validator import (  # type: ignore[import-untyped]
    RequestValidator,
    get_signature_algorithm,
)

from hub_kit.forms import read_form
from hub_kit.hooks import Hook
from hub_kit.tokens import Refused

TWIML = "text/xml"


def check_signature(hook: Hook, token: str) -> None:
    """Raise `Refused` where this is not what the holder of the token has signed.

    The signature is over the address as called and the form, or a hash of the JSON.
    """
    said = hook.headers.get("x-twilio-signature", "")
    algorithm = get_signature_algorithm(
        hook.headers.get("x-twilio-webhooks-signature-settings", "")
    )
    is_json = hook.headers.get("content-type", "").startswith("application/json")
    try:
        signed = hook.body.decode() if is_json else read_form(hook.body)
        right = RequestValidator(token).validate(hook.address, signed, said, algorithm)
    except ValueError:  # bytes that are no text, a port that is no number
        right = False
    if not right:
        raise Refused("signature")
