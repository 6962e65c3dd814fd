"""Tell a person's mail from a machine's, so that no machine is ever answered by a machine.

RFC 3834 names the one proper mark; everything else here is what real mailers do instead.
"""

import re

from channel_email.parse.context import Context
from channel_email.parse.headers import Headers
from channel_email.parse.ours import came_from_nobody, is_our_domain
from hub_contract.words import Automatic, Evidence

LOOP_HEADER = b"x-faden-loop"
MOST_HOPS = 30  # Received lines; a mail that is not going in circles has a handful
DAEMON = re.compile(
    r"(?i)\b(?:mailer[-_.]?daemon|mail-?daemon|postmaster|mailerdaemon|mailsystem"
    r"|MicrosoftExchange[0-9a-f]{20,})\b|mail delivery (?:sub)?system"
)
_AWAY = re.compile(
    r"(?i)^\W*(?:(?:re|aw|antwort|wg)\s*:\s*)*(?:"
    r"abwesenheits(?:notiz|benachrichtigung|meldung|info|assistent|agent)\b"
    r"|abwesen(?:d|heit)\s*(?::|$)|automatische (?:antwort|e-?mail-antwort|r[üu]ckantwort)\b"
    r"|auto(?:matisch)?[- ]?antwort\b"
    r"|ich bin .{0,60}\b(?:nicht (?:im|erreichbar|da)|abwesend|außer haus|im urlaub|verreist)\b"
    r"|(?:derzeit|zurzeit) nicht (?:im (?:b[üu]ro|hause?)|erreichbar)"
    r"|nicht im (?:b[üu]ro|hause?)\b|(?:bin )?im urlaub\s*(?::|!|$|bis\b|vom\b)"
    r"|urlaubs(?:notiz|vertretung|abwesenheit|meldung)"
    r"|out of (?:the )?office\b|automatic reply\b|auto(?:mated)?[- ]?(?:reply|response)\b"
    r"|autoreply\b|away from (?:my )?(?:office|mail|desk)|on vacation\b"
    r"|vacation (?:reply|response|message|notice)|réponse automatique|absence du bureau"
    r"|respuesta automática|risposta automatica|automatisch antwoord|automatyczna odpowied"
    r"|resposta automática|automatisk svar|autosvar\b|poissa\b|automaattinen vastaus|afwezig"
    r")"
)


def is_automatic(headers: Headers, subject: str, context: Context) -> Automatic:
    """Say who wrote the mail that is no bounce: a person, an auto-reply, a list or a system."""
    submitted = headers.text(b"auto-submitted").lower()
    if "disposition-notification" in headers.text(b"content-type").lower():
        return Automatic.REPLY
    if submitted.startswith("auto-replied") or is_away(subject) or _replies(headers):
        return Automatic.REPLY
    if (submitted and not submitted.startswith("no")) or _is_bulk(headers):
        return Automatic.GENERATED
    if find_loop(headers, context) or came_from_nobody(headers, context):
        return Automatic.GENERATED
    return Automatic.NO


def is_away(subject: str) -> bool:
    """Say whether the subject is that of an out-of-office note."""
    return _AWAY.search(subject) is not None


def _replies(headers: Headers) -> bool:
    if any(name in headers for name in (b"x-autoreply", b"x-autorespond", b"x-autoresponder")):
        return headers.text(b"x-autoreply").lower() != "no"
    return headers.text(b"precedence").lower() == "auto_reply"


def _is_bulk(headers: Headers) -> bool:
    if b"list-id" in headers or b"list-unsubscribe" in headers:
        return True
    if headers.text(b"precedence").lower() in {"bulk", "list", "junk"}:
        return True
    suppress = headers.text(b"x-auto-response-suppress").lower()
    # Exchange puts other words on mails that people wrote; these say that nobody did.
    return any(word in suppress for word in ("all", "autoreply", "oof"))


def find_loop(headers: Headers, context: Context) -> tuple[Evidence, ...]:
    """Return the proof that a mail of ours, or one that circles, has come back."""
    if any(is_our_domain(value, context) for value in headers.texts(LOOP_HEADER)):
        return (Evidence(kind="loop", result="own-header", by=context.domain),)
    hops = len(headers.texts(b"received"))
    if hops > MOST_HOPS:
        return (Evidence(kind="loop", result=f"{hops} hops"),)
    return ()
