"""The words with which mail servers say why: those that outweigh every code beside them.

A row is a kind of reason or a dialect, its alternatives one a line, in the order of reading. They
are looked for by `reasons`, which takes names, addresses and links out before, so that no host
name ("yahoodns.net") is taken for a reason. `*` stands where something was taken out.
"""

import re

from hub_contract.delivery import Reason

Rows = tuple[tuple[Reason, re.Pattern[str]], ...]

_SPELLED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "_": " "}
)


def spell_out(text: str) -> str:
    """Return a text with "Empfaenger" for "Empfänger": both are written."""
    return text.translate(_SPELLED)


def make_rows(*rows: tuple[Reason, tuple[str, ...]]) -> Rows:
    return tuple(
        (reason, re.compile(spell_out("|".join(words)), re.IGNORECASE)) for reason, words in rows
    )


_R = Reason
_MAILBOX = r"\b(?:account|mailbox|user|recipient|inbox|postfach|\w{0,9}konto|benutzer|empfänger)"
_OFF = (
    r"(?:disabled|deactivated|inactiv\w{1,3}|suspended|frozen|locked|discontinued|not active"
    r"|deaktiviert|gesperrt|abgeschaltet|stillgelegt|inaktiv|gekündigt)"
)

STRONG = make_rows(
    # Exchange: who may write to this mailbox, and how much
    (_R.TOO_LARGE, (r"(?:Recip|Send)SizeLimit",)),
    (
        _R.REFUSED_BY_POLICY,
        (r"RESOLVER\.RST\.(?!\w{1,20}Limit)", r"for (?:group|mailbox|public folder)\b"),
    ),
    # SPF, DKIM, DMARC: everybody names these
    (
        _R.SENDER_REJECTED,
        (
            r"\b(?:spf|dkim|dmarc)\b",
            r"sender policy framework|unauthenticated|not (?:rfc 5322 )?aligned with",
            r"anti-?spoof|\bspoofed\b|SendAsDenied",
            r"(?:not allowed|permissions?) to send (?:\w{1,9} )?(?:as|from|for|on behalf)",
        ),
    ),
    # Reverse DNS and HELO: Postfix, Exim, GMX and WEB.DE, T-Online, Gmail, mail.ru
    (
        _R.SENDER_REJECTED,
        (
            r"\b(?:ptr|rdns)\b|reverse[- ](?:dns|lookup|name|host|record)|ip name lookup failed",
            r"(?:find|resolve|verify) your (?:reverse )?(?:host|address|name|ip)",
            r"dns mx or a\b|resource record|unresolvable relay",
            r"\b(?:helo|ehlo)\b[^.;]{0,15}(?:reject|invalid|denied|mismatch|required|bad\b)",
            r"(?:bad|invalid|forged) (?:helo|ehlo)|ip=.{0,60}a problem occurred|is dynamic",
            (
                r"\b(?:dynamic|dial-?up|residential|generic) (?:or generic )?"
                r"(?:ip|dns|ptr|client|address)"
            ),
        ),
    ),
    # Relaying and log-in: Sendmail, Postfix, Exchange, qmail, courier (513, 517)
    (
        _R.SENDER_REJECTED,
        (
            (
                r"\brelay(?:ing)?(?: access| mail| (?:to|for) \S{1,90}+)?(?: is| was)?"
                r" (?:denied|not (?:permitted|allowed|authorized)|prohibited|forbidden|verboten)"
            ),
            r"(?:unable|not (?:allowed|permitted|authori[sz]ed)|refus\w{1,3}|unwilling) to relay",
            r"(?:do|does|will) not relay|not (?:an )?open relay|rcpthosts|credentials for relay",
            r"weiterleiten verboten|(?:^|\s)51[37][- ]|not authori[sz]ed to send",
            r"authentication (?:is )?required|authentication fail|must (?:be )?authenticate",
            r"(?:was|is) not authenticated|(?:tls|encryption) (?:is )?required",
            r"(?:requires?|issue a) (?:tls|starttls|encryption)",
        ),
    ),
    # The sender's address: Postfix, Sendmail, Exim's callout, Exchange, Mimecast, Amazon SES
    (
        _R.SENDER_REJECTED,
        (
            (
                r"\bsender(?:'s)?(?: e-?mail)?(?: address| domain| id)?(?: \S{1,90}+)?"
                r"(?: is| was| has been| must be)? (?:rejected|denied|refused|invalid|unknown"
                r"|unverified|not (?:accepted|valid|verified|allowed|permitted|authori[sz]ed|found)"
                r"|verif\w{1,9} fail|does(?: not|n't) (?:exist|resolve)|must (?:exist|resolve))"
            ),
            (
                r"(?:invalid|unknown|bad|bogus|unrout\w{2,4}le|unverified|illegal|forged|wrong)"
                r" (?:outbound |envelope |return )?(?:sender|path|mail from)"
            ),
            r"domain of sender|null sender|verification failed for|verify your sender",
            r"\bcall-?(?:out|back)\b|backscatter|\bbatv\b|address is not verified",
            r"not owned by user|valid (?:address in the )?from:",
            (
                r"\babsender\w{0,9}\b[^.;]{0,30}(?:abgelehnt|ungültig|unbekannt|existiert nicht"
                r"|nicht (?:erlaubt|gültig|akzeptiert|verifiziert|berechtigt))"
            ),
            r"(?:ungültig|unbekannt)\w{0,3} absender",
        ),
    ),
    # How much we send, not how much room there is
    (
        _R.BUSY,
        (
            (
                r"(?:hourly|daily|per[- ](?:hour|day|minute)|sending|submission|outbound|rate)"
                r" (?:\w{1,12}+ ){0,3}?(?:limit|quota)"
            ),
        ),
    ),
    # Full: everybody, in German and English, and Exchange's exceptions
    (
        _R.MAILBOX_FULL,
        (
            (
                r"\b(?:over|exceed\w{0,3}|above|reached|out of|beyond|insufficient|not enough"
                r"|no more|no)(?: [\w']{1,12}+){0,4}? ?-?(?:quota|storage|disk space|space\b)"
            ),
            r"quota(?: \w{1,12}+){0,3}? (?:exce\w{1,3}d|violat|reach|full\b|überschritten)",
            r"quota violation|QuotaExceeded|ShutoffQuota|over ?limit|disk (?:is )?full",
            (
                r"(?:mailbox|inbox|mail ?folder|mail ?drop|account|postfach|konto|postkorb)\b"
                r"[^.;]{0,40}\b(?:full|voll|überfüllt)\b"
            ),
            r"full mailbox|\bist (?:leider )?(?:über)?voll\b|space (?:is )?not enough",
            r"mailbox (?:size|storage|space|limit|has exceeded|exceed)|not have enough space",
            r"storage (?:limit|allocation)|space has been used|too many messages (?:on|in) the",
            r"speicher(?:platz|kontingent|grenze)|kontingent (?:ist )?(?:erschöpft|überschritten)",
            r"bo[iî]te [^.;]{0,30}pleine",
        ),
    ),
    # Spam and lists of senders: Spamhaus, Barracuda, Proofpoint, Cisco, Yahoo's TSS, T-Online
    (
        _R.REFUSED_AS_SPAM,
        (
            r"(?<![\w.@/=-])(?:anti-?)?spam(?:my|mers?|ming|verdacht|haus|cop)?(?![\w@/]|[.-]\w)",
            r"\b(?:dnsbl|rbl|ube|uce|surbl|uribl)\b|\bjunk\b|unsolicited|reputation|suspicious",
            r"\bbulk (?:e-?)?mail|(?:black|block|deny)[- ]?list|blocked (?:using|by \*|- see)",
            r"\b(?:is|are) (?:currently )?listed (?:at|by|on|in)\b|user complaints|for abuse\b",
            r"banned (?:sender|sending|ip)|phishing|:blocked\)|werbe-?mail",
        ),
    ),
    # Where the mail comes from: Postfix, Microsoft
    (
        _R.SENDER_REJECTED,
        (
            r"client host rejected|client (?:host |ip )?(?:was |is )?not (?:allowed|permitted)",
            r"\bip\b(?: address)?(?: \S{1,60}+)? (?:is |was )?not (?:allowed|permitted|authori)",
        ),
    ),
    (
        _R.MAILBOX_DISABLED,
        (
            rf"{_MAILBOX}\b[^.;:]{{0,40}}\b{_OFF}\b",
            (
                r"\b(?:account|mailbox|postfach|\w{0,9}konto)\b[^.;:]{0,20}\b(?:closed|expired"
                r"|geschlossen|abgelaufen|archiv\w{2,4})\b"
            ),
            rf"\b{_OFF} (?:account|mailbox|user|recipient)",
        ),
    ),
    (
        _R.BUSY,
        (
            r"gr[ea]y-?list|throttl|rate[- ]?limit|too (?:quickly|fast)",
            r"receiving mail at a rate",
        ),
    ),
)
