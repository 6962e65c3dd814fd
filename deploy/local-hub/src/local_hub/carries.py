"""Asks a mail server that carries our mail what it offers, and compares it with the settings.

What it must offer for the settings to work is a fault; what citizens or agents will miss is said
beside it.
"""

import asyncio
import smtplib
import ssl

from hub_kit.about import Carrier, Peer

# What it may lack, and what that means.
_MISSED = {
    "smtputf8": "takes no addresses with umlauts before the @ (no SMTPUTF8)",
    "dsn": "reports no deliveries (no DSN)",
}


async def ask_carrier(peer: Peer, carrier: Carrier, within: float) -> tuple[list[str], str, str]:
    """Return what we will miss, what is wrong (empty: nothing), and the remedy for that."""
    return await asyncio.to_thread(_ask, peer, carrier, within)


def _ask(peer: Peer, carrier: Carrier, within: float) -> tuple[list[str], str, str]:
    try:
        context = ssl.create_default_context()
        if carrier.ca_file:
            context.load_verify_locations(carrier.ca_file)
        with _connected(peer, carrier, context, within) as server:
            server.ehlo()
            if carrier.tls == "starttls":
                if not server.has_extn("starttls"):
                    return [], "offers no STARTTLS", "correct tls, or let it offer STARTTLS"
                server.starttls(context=context)
                server.ehlo()
            if carrier.logs_in and not server.has_extn("auth"):
                return [], "offers no log-in (AUTH)", "correct tls or port, or take user away"
            return [said for name, said in _MISSED.items() if not server.has_extn(name)], "", ""
    except ssl.SSLError as error:
        reason = (error.reason or type(error).__name__).lower().replace("_", " ")
        return [], f"is no server that tls can be spoken with ({reason})", "correct tls or ca_file"
    except TimeoutError:
        return [], f"does not answer within {within:.0f} s", "start it, or correct host and port"
    except (smtplib.SMTPException, OSError) as error:
        fault = f"cannot be reached ({type(error).__name__})"
        return [], fault, "start it, or correct host and port"


def _connected(
    peer: Peer, carrier: Carrier, context: ssl.SSLContext, within: float
) -> smtplib.SMTP:
    if carrier.tls == "implicit":
        return smtplib.SMTP_SSL(peer.host, peer.port, timeout=within, context=context)
    return smtplib.SMTP(peer.host, peer.port, timeout=within)
