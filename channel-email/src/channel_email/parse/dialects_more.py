"""The words with which mail servers say why, continued: those that a code that tells outweighs.

`PLAIN` are read where no code beside them tells anything ("5.7.1", "5.0.0"), `GENERIC` last of all.
"""

from channel_email.parse.dialects import make_rows
from hub_contract.delivery import Reason

_R = Reason

PLAIN = make_rows(
    (
        _R.TOO_LARGE,
        (
            r"\btoo (?:large|big)\b|\bzu gro(?:ß|ss)\b|(?:message|mail|attachment) too long",
            r"(?<!mailbox )size (?:limit|exceed)|larger than|message length",
            r"exceed\w{0,3}(?: [\w'*]{1,12}+){0,6}? (?:size|length)",
            r"max(?:imum|\.)?(?: \w{1,12}+){0,4}? size",
            r"größe … (?:überschr|übersteigt)|(?:überschreitet|übersteigt) … \w{0,20}größe",
        ),
    ),
    # Exchange Online: so it says that nobody has this address
    (_R.ADDRESS_UNKNOWN, (r"\b5\.4\.1\b.{0,90}recipient address rejected: access denied",)),
    # The domain of the recipient
    (
        _R.UNREACHABLE,
        (
            (
                r"\b(?:host|domain|server)(?: or domain)?(?: name)?(?: \S{1,90}+)?"
                r"(?: could| was| is)? ?(?:not (?:be )?(?:found|resolved)|unknown"
                r"|does ?n[o']t exist"
                r"|n't exist|not exist|non-?existent|unresolvable|not reachable)"
            ),
        ),
    ),
    (
        _R.UNREACHABLE,
        (
            r"(?:unknown|no such|non-?existent|invalid) (?:host|domain|server)|NonExistentDomain",
            r"\bnxdomain\b|name service error|name lookup|service not known|find any host",
            r"domain must exist|find a gateway|resolve route|route found to domain",
            r"name ?server (?:reply|error|fail|look)|unroute?able (?:mail )?domain",
            r"(?<!reverse )\bdns[- ](?:error|look|query|fail|soft|hard|server|fehler|problem)",
            r"(?<!reverse )\bdns (?:record|temporary)",
            r"\bmx (?:record|look|host)|\bno (?:valid )?(?:mx|mail exchanger)\b|\bnull mx\b",
            r"\bdom(?:ain|äne) … (?:existiert nicht|nicht gefunden|unbekannt)",
        ),
    ),
    # A mailbox of which something may be wanted later (RFC 5321, 450), and rules (GMX)
    (
        _R.BUSY,
        (r"\b4[25]\d\b[^.;]{0,60}mailbox (?:is )?(?:temporarily )?(?:unavailable|busy|locked)",),
    ),
    (_R.REFUSED_BY_POLICY, (r"policy (?:restriction|violation|reason)|for policy|local policy",)),
    # Nobody has this address: everybody, in English
    (
        _R.ADDRESS_UNKNOWN,
        (
            (
                r"\b(?:user|recipient|mail ?box|account|address|person|name|e-?mail) …"
                r" (?:unknown|not (?:be )?(?:found|known|recogni[sz]ed|listed|exist|valid|present"
                r"|registered|local\b|available)|doesnt exist|nonexist\w{1,3}|invalid|no longer)"
            ),
            r"n't (?:be found|exist|found)|<\*> not found",
        ),
    ),
    (
        _R.ADDRESS_UNKNOWN,
        (
            (
                r"\b(?:unknown|invalid|illegal|bad|wrong|incorrect|no such)"
                r"(?: (?:or|and) \w{1,12}+)?(?: final delivery| destination| virtual| local)?"
                r"(?: e-?mail)? ?(?:user|recipient|mailbox|address"
                r"|local[- ]?part|account|person|name|e-?mail)"
            ),
            r"user-?unknown|non-?existent user",
            (
                r"\bno (?:mail ?box|account|user|one|person|recipient) …"
                r" (?:here|by (?:that|this) name|available|at this|found)"
            ),
            r"no (?:mailbox|such user|account|user) found",
        ),
    ),
    (
        _R.ADDRESS_UNKNOWN,
        (
            (
                r"not? an? (?:valid |known |local |active |registered )?"
                r"(?:user|recipient|mailbox|address|account)\b"
            ),
            r"n[o']t have an?(?: \S{1,60}+)? (?:account|mailbox)|unroute?able address",
            r"(?:mailbox|user|account|recipient) (?:is )?(?:currently )?unava\w{1,3}ble",
            r"has (?:been )?(?:moved|left)|no longer (?:with|works|valid|exist|in use)",
            r"bad ?rcpt|validrcpt|not (?:an? )?(?:our )?customer|not unique|several matches",
            # Exchange, Domino
            r"Recip\w{0,10}NotFound|ADR\.\w{0,20}NotFound|X\.?500\b|not listed in",
        ),
    ),
    # Nobody has this address, in German
    (
        _R.ADDRESS_UNKNOWN,
        (
            (
                r"(?:adresse|empfänger|benutzer|postfach|teilnehmer|konto|name) …"
                r" (?:existier\w{1,2} nicht|nicht existier|gibt es nicht|unbekannt|unzulässig"
                r"|ungültig"
                r"|nicht (?:[\w-]{1,20}+ ){0,3}?(?:gefunden|bekannt|vorhanden"
                r"|aufgeführt|eingetragen|erkannt|zugeordnet|vergeben|mehr))"
            ),
            r"(?:unbekannt|ungültig|falsch)\w{0,3} (?:empfänger|adresse|benutzer|e-?mail|postfach)",
            r"kein(?:e|en)? (?:solche[rns]? )?(?:benutzer|empfänger|postfach|adresse|teilnehmer)",
        ),
    ),
    # ... in French, Spanish, Italian, Dutch, Polish, Russian, Turkish
    (
        _R.ADDRESS_UNKNOWN,
        (
            r"utilisateur inconnu|destinataire in\w{2,8}\b|n'existe|no existe|nessun utente",
            r"(?:utente|casella) … (?:sconosciut|inesistente)",
            r"(?:gebruiker|ontvanger|adres) … (?:onbekend|bestaat niet)",
            r"(?:użytkownik|adresat|odbiorca) … (?:nieznany|nie istnieje)",
            (
                r"(?:пользовател|получател|адрес)\w{0,3} (?:\w{1,20} ){0,3}?"
                r"(?:не (?:найден|существует|зарегистрирован)|неизвестен)"
            ),
            r"(?:alıcı|kullanıcı|adres) … (?:bulunamadı|bilinmiyor|yok)",
        ),
    ),
    # In circles
    (
        _R.UNREACHABLE,
        (r"too many hops|hop count|exceed\w{0,3} \d{1,4} hops|\bloop|schleife",),
    ),
    # Too late: qmail, Exim, Sendmail, GMX, James
    (
        _R.EXPIRED,
        (
            r"\bexpired\b|in (?:the )?queue (?:for )?too long|queued too long|retry time",
            r"delivery time|message timed out|\b(?:gave|giving) up|failed \d{1,4} attempts",
            r"max(?:imum)? (?:number of )?(?:delivery )?(?:attempts|time|retr|queue)",
            r"within the allowed|not been collected|zustellfrist|zustellversuche|abgelaufen",
        ),
    ),
    # Connections
    (
        _R.UNREACHABLE,
        (
            (
                r"connection(?: \S{1,60}+){0,3}? (?:timed out|timeout|refused|reset|dropped|closed"
                r"|lost|failed)"
            ),
            (
                r"(?:cannot|can't|could not|couldn't|wasn't able to|not able to|unable to)"
                r" (?:connect|establish|contact|reach|open)\b"
            ),
            r"lost connection|no route|unreachable|not reachable|not respond|no answer|timed out",
            r"requests to connect|socket error",
            r"timeout (?:waiting|while)|\bnetwork error|server (?:is )?(?:un|not )avail",
        ),
    ),
    (
        _R.UNREACHABLE,
        (
            r"verbindung … (?:fehlgeschlagen|abgelehnt|abgebrochen|nicht|verloren)",
            r"keine verbindung|nicht erreich(?:bar|t)|(?:antwortet|reagiert) nicht",
            r"zeitüberschreitung",
        ),
    ),
    # Later
    (
        _R.BUSY,
        (
            r"\blater\b|temporar(?:y|ily) (?:un|re|de|fail|error|local|lookup|lock)|\bbusy\b",
            r"overload|system resources|too many|\bspäter\b|vorübergehend|überlastet",
        ),
    ),
)

# Words that nearly every refusal has; they count where nothing else did.
GENERIC = make_rows(
    (_R.BUSY, (r"\b4\d\d\b[^.;]{0,60}service (?:\w{1,12}+ )?(?:un|not )available",)),
    (
        _R.REFUSED_BY_POLICY,
        (
            r"polic(?:y|ies)\b|not (?:been )?(?:authori[sz]ed|allowed|permitted|accept)",
            r"access denied|\bdenied\b|prohibit|reject|\brefus|\bblocked\b|\bvir(?:us|en)\b",
            r"malware|infected|trojan|unacceptable|violat|declined|disallow|abgelehnt|verweigert",
            r"richtlinie|verboten",
            r"nicht (?:erlaubt|gestattet|zugelassen|zulässig|berechtigt|akzeptiert|angenommen)",
        ),
    ),
)
