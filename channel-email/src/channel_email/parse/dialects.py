"""The words with which mail servers say why: those that outweigh every code beside them.

A row is a kind of reason or a dialect, its alternatives one a line, in the order of reading. They
are looked for by `reasons`, which takes names, addresses and links out before, so that no host
name ("yahoodns.net") is taken for a reason. `*` stands where something was taken out, `…` for a
few words of the same sentence.
"""

import re

from hub_contract.delivery import Reason

Rows = tuple[tuple[Reason, re.Pattern[str]], ...]

_SPELLED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "_": " "}
)
# By words, not by letters: from each beginning there are few places to look at.
_A_FEW_WORDS = r"[^\s.;]{0,20}+ (?:[^\s.;]{1,60}+ ){0,6}?[\"'(<]?"


def spell_out(text: str) -> str:
    """Return a text with "Empfaenger" for "Empfänger": both are written."""
    return text.translate(_SPELLED)


def make_rows(*rows: tuple[Reason, tuple[str, ...]]) -> Rows:
    return tuple((reason, _compiled("|".join(words))) for reason, words in rows)


def _compiled(words: str) -> re.Pattern[str]:
    return re.compile(spell_out(words).replace(" … ", _A_FEW_WORDS), re.IGNORECASE)


_R = Reason
_OFF = (
    r"(?:disabled|deactivated|inactiv(?:e|ity)|suspended|frozen|locked|discontinued|not active"
    r"|deaktiviert|gesperrt|abgeschaltet|stillgelegt|inaktiv|gekündigt)\b"
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
    # Reverse DNS: Postfix, Exim, GMX and WEB.DE, T-Online, Gmail, mail.ru
    (
        _R.SENDER_REJECTED,
        (
            r"\b(?:ptr|rdns)\b|reverse[- ](?:dns|lookup|name|host|record)|ip name lookup failed",
            r"(?:find|resolve|verify) your (?:reverse )?(?:host|address|name|ip)",
            r"dns mx or a\b|resource record|unresolvable (?:relay|rfc)|mismatch\w{0,3} client ip",
            r"mail from your ip|of your isp\b|confirm(?:ation| this mail server)|is dynamic",
            (
                r"\b(?:dynamic|dial-?up|residential|generic) (?:or generic )?"
                r"(?:ip|dns|ptr|client|address)"
            ),
            r"ip=.{0,60}a problem occurred",
        ),
    ),
    # HELO
    (
        _R.SENDER_REJECTED,
        (
            r"\b(?:helo|ehlo) … (?:reject|invalid|denied|mismatch|required|bad\b)",
            r"(?:bad|invalid|forged) (?:helo|ehlo)",
        ),
    ),
    # Relaying and log-in: Sendmail, Postfix, Exchange, qmail, courier (513, 517)
    (
        _R.SENDER_REJECTED,
        (
            (
                r"\brelay(?:ing)?(?: access| mail| (?:to|for) \S{1,90}+)?(?: is| was)?"
                r" (?:denied|not (?:permitted|allowed|authorized)|prohibited|forbidden|verboten"
                r"|nicht erlaubt)"
            ),
            r"(?:unable|not (?:allowed|permitted|authori[sz]ed)|refus\w{1,3}|unwilling) to relay",
            r"(?:do|does|will) not relay|not (?:an )?open relay|rcpthost|credentials for relay",
            r"weiterleiten verboten|(?:^|\s)51[37][- ]|not authori[sz]ed to send",
            r"insecure mail relay",
        ),
    ),
    (
        _R.SENDER_REJECTED,
        (
            r"authentication (?:is )?required|authentication fail|must (?:be )?authenticate",
            r"requires? (?:smtp )?authentication|failed to authenticate|incorrect authentication",
            r"(?:was|is) not authenticated|(?:tls|encryption) (?:is )?required",
            r"(?:requires?|issue a) (?:tls|starttls|encryption)",
            r"(?:authentifizierung|anmeldung) erforderlich",
        ),
    ),
    # The sender's address: Postfix, Sendmail, Exim's callout, Exchange, Mimecast, Amazon SES
    (
        _R.SENDER_REJECTED,
        (
            (
                r"\bsender(?:'s)?(?: (?:e-?mail|address|domain|is|was|has|been|<?\*[>:,]?)){0,5}"
                r" (?:rejected|denied|refused|invalid|unknown"
                r"|unverified|not (?:accepted|valid|verified|allowed|permitted|authori[sz]ed|found)"
                r"|verif\w{1,9} fail|does(?: not|n't) (?:exist|resolve)|must (?:exist|resolve))"
            ),
        ),
    ),
    (
        _R.SENDER_REJECTED,
        (
            (
                r"(?:invalid|unknown|bad|bogus|unrout\w{2,4}le|unverified|illegal|forged|wrong)"
                r" (?:outbound |envelope |return )?(?:sender|path|mail from)"
            ),
            r"domain of sender|null sender|verification failed for|verify your sender",
            r"\bcall-?(?:out|back)\b|backscatter|\bbatv\b|address is not verified",
            (
                r"not owned by user|valid (?:address in the )?from:|sender domain is empty"
                r"|pre-?approved"
            ),
        ),
    ),
    (
        _R.SENDER_REJECTED,
        (
            (
                r"\babsender\w{0,9} … (?:abgelehnt|ungültig|unbekannt|existiert nicht|nicht erlaubt"
                r"|nicht gültig|nicht akzeptiert|nicht verifiziert|nicht berechtigt)"
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
            (
                r"(?:mailbox|inbox|mail ?folder|mail ?drop|account|postfach|konto|postkorb) …"
                r" (?:full|voll|überfüllt)\b"
            ),
        ),
    ),
    (
        _R.MAILBOX_FULL,
        (
            r"quota violation|QuotaExceeded|ShutoffQuota|over ?limit|disk (?:is )?full",
            r"full mailbox|\bist (?:leider )?(?:über)?voll\b|space (?:is )?not enough",
            r"mailbox (?:size|storage|space|limit|has exceeded|exceed)|not have enough space",
            r"storage (?:limit|allocation)|space has been used|too many messages (?:on|in) the",
            r"speicher(?:platz|kontingent|grenze)|(?:postfach|mailbox) … limit|mailboxgröße",
            r"(?:speicher|kontingent) … (?:erschöpft|überschritten)",
            r"bo[iî]te … pleine|buz[oó]n … lleno|casella … piena|mailbox … \bvol\b",
            r"skrzynka … pełna",
            r"ящик\w{0,2} (?:\w{1,20} ){0,3}?(?:переполнен|заполнен)|posta kutusu … dolu",
        ),
    ),
    # Spam and lists of senders: Spamhaus, Barracuda, Proofpoint, Cisco, Yahoo's TSS, T-Online
    (
        _R.REFUSED_AS_SPAM,
        (
            (
                r"(?<![\w.@/=-])(?:anti-?)?spam(?:my|mers?|ming|verdacht|haus|cop)?"
                r"(?![\w@/]|\.\w|-(?!like)\w)"
            ),
            r"\b(?:dnsbl|rbl|ube|uce|surbl|uribl)\b|\bjunk\b|unsolicited|reputation|suspicious",
            r"\bbulk (?:e-?)?mail|(?:black|block|deny)[- ]?list|blocked (?:using|by \*|- see)",
            r"\b(?:is|are) (?:currently )?listed (?:at|by|on|in)\b|domain listed|user complaints",
            r"for abuse\b|banned (?:sender|sending|ip)|phishing|:blocked\)|werbe-?mail",
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
            (
                r"\b(?:account|mailbox|user|recipient|inbox|postfach|\w{0,9}konto|benutzer|empfänger)"
                rf" … {_OFF}"
            ),
            r"(?:extended|due to) inactivity",
            rf"\b{_OFF} (?:account|mailbox|user|recipient)",
        ),
    ),
    (
        _R.MAILBOX_DISABLED,
        (
            (
                r"\b(?:account|mailbox|postfach|\w{0,9}konto) … (?:closed|expired"
                r"|geschlossen|abgelaufen|archiv\w{2,4})\b"
            ),
        ),
    ),
    (
        _R.BUSY,
        (
            r"gr[ea]y-?list|throttl|rate[- ]?limit|too (?:quickly|fast)",
            r"receiving mail at a rate|permitted limits|max(?:imum)? messages? per",
        ),
    ),
)
