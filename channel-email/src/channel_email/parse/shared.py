"""Tell an address that writes for many people, and who of them wants the answer, for `parse`.

Web forms, portals, scanners, fax gateways and groups send what others wrote under one address. What
is taken for one wrongly costs an agent a click; what is not may bring two citizens together.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from channel_email.parse.addresses import read_address
from channel_email.parse.context import Context
from channel_email.parse.headers import Headers
from channel_email.parse.ours import is_our_domain
from hub_contract.contact_points import compared
from hub_contract.words import ContactPoint

# Words that no person is called by, in an address before the @ or in the name beside it.
_MACHINE = re.compile(
    r"no[-_. ]?reply|(?:do[-_. ]?not|nicht|keine?)[-_. ]?(?:reply|antwort)|formular|webform"
    r"|(?:contact|kontakt)[-_ ]?form|wordpress|typo3|drupal|joomla|www-?data|apache|nginx|httpd"
    r"|scanner|scan(?:2|to)|kopierer|copier|multifunktion|voice-?mail|anrufbeantworter"
    r"|portal\b|gateway|notification|benachrichtigung|web-?se?ite|homepage|internetseite"
    r"|formul(?:aire|ier|arz|ář)|modulo (?:di )?contatt|contact us\b|online-?dienst"
    r"|(?:m[äa]e?ngel|schadens)-?melder|fit-?connect|\begvp|\bbebpo|(?:service|b(?:ü|ue)rger)konto"
    r"|fritz!?[._ -]?box|starface|swyx|officemaster|hylafax|facsimile"
    r"|workcentre|versalink|altalink|bizhub|taskalfa|ecosys|laserjet|officejet|imagerunner"
    r"|\bir-?adv|aficio|\brnp[0-9a-f]{6}|\bmfc\b|\bkm_"
)
_DEVICE = re.compile(r"\b(?:(?:e|tele)?fax[^\W\d_]*+|(?:scans?|mfp|sms)(?![^\W\d_]))")
# Some people are called so: only where the address begins with it.
_MACHINE_FIRST = re.compile(
    r"(?i)(?:forms?|web(?:master)?|www|mailer|system|drucker|printer|bounces?|cms|tickets?"
    r"|xerox|ricoh|kyocera|lexmark|konica(?:minolta)?|canon|toshiba)(?![^\W\d_])"
)
_MACHINE_HOST = re.compile(r"(?:^|[.-])(?:e?fax(?:2mail)?|scanner|voicemail|no-?reply)(?=[.-]|$)")
# A fax gateway writes under the number of the caller, in the address or as the name beside it.
_NUMBER = re.compile(r"(?:\+|00(?=[1-9]))[0-9./-]{5,40}")
_CALLER = re.compile(r"(?:tel(?:efon)?\.? ?)?[+0(][0-9 ()/.-]{6,40}")
# What gateways, call boxes and copiers alone write above what they send on, with a number.
_DELIVERS = re.compile(
    r"(?:\W{0,3}(?:neue?s?|new|incoming|eingehende?s?|nouveau|nuovo|nuevo"
    r"|sie haben eine? neue?s?"
    r"|you have (?:received )?an? (?:new )?))?[ :]{0,2}"
    r"(?:(?:tele)?fax|voice-?mail|sprachnachricht)(?:-?(?:nachricht|message|eingang))?"
    r"[ :]{1,3}(?:\w{2,10} ){0,2}?(?:von|from|de|da)[ :]{1,3}[\"'(<]{0,2}[+0(][0-9 ()/.-]{6}"
    r"|(?:scan|message|nachricht|gescannt\w{0,4}|attached image) (?:from|von) "
    r"(?:(?:a|an|einem|dem|ihrem) )?(?:xerox|km_|kmbt|mfp|mfc|bizhub|rnp|hp |canon|ricoh|kyocera)"
)
# Google, Mailman and portals put who wrote before such a word, and themselves behind it.
_VIA = re.compile(
    r"[\s(\[](?:via|über|on behalf of|im (?:auftrag|namen) (?:von|der|des)|i\. ?a\.|namens"
    r"|pour le compte de|per conto di|en nombre de)\s"
)
# Scripts of a web server, but no webmail that sends by the same function.
_SCRIPT = re.compile(r"(?i)php|\bform(?:ular|mail|s\b|\b)|wordpress|typo3|scan|fax")
_WEBMAIL = re.compile(r"(?i)rcube|roundcube|horde|squirrel|webmail")
_SCRIPT_FIELDS = (b"x-mailer", b"user-agent", b"x-php-originating-script", b"x-php-script")
_ORIGINAL = (b"x-original-from", b"x-original-sender")


def is_shared(
    headers: Headers, sender: ContactPoint | None, subject: str, context: Context
) -> bool:
    """Say whether the settings, or a sign in the mail, say that many write by this address."""
    if sender is None:
        return False
    return (
        _is_technical(sender, context)
        or _says_many(sender.name.lower())
        # Sympa writes it into the comment beside the name.
        or bool(_VIA.search(headers.text(b"from").lower()))
        or _DELIVERS.match(subject.lower()) is not None
        or _was_rewritten(headers, sender)
        or _is_list(headers, sender)
        or _by_a_server(headers, sender, context)
    )


def find_reply_to(
    headers: Headers, sender: ContactPoint | None, to: Sequence[ContactPoint], context: Context
) -> ContactPoint | None:
    """Return the person who wants the answer, where the sender is another; else None.

    Not whom the mail was written to: lists name themselves there. Nor ourselves, nor a machine.
    """
    if not any(name in headers for name in (b"reply-to", *_ORIGINAL)):
        return None
    not_these = {_mailbox(point) for point in (*to, *([sender] if sender else []))}
    wanted = headers.people(b"reply-to")
    for point in chain(wanted, _originals(headers)):
        if _mailbox(point) not in not_these and not _is_technical(point, context):
            return point
    return None


def find_submitter(headers: Headers, sender: ContactPoint | None) -> ContactPoint | None:
    """Return who has handed the mail in for its sender (RFC 5322 §3.6.2), if it is another."""
    if b"sender" not in headers:
        return None
    found = next(iter(headers.people(b"sender")), None)
    same = found is None or sender is None or _mailbox(found) == _mailbox(sender)
    return None if same else found


def _originals(headers: Headers) -> Iterator[ContactPoint]:
    """Yield who wrote, as a group says that has put its own address in From."""
    for name in _ORIGINAL:
        if name in headers:
            yield from headers.people(name)


def _is_technical(point: ContactPoint, context: Context) -> bool:
    local, _, host = compared(point).rpartition("@")
    listed = context.shared_senders
    if f"{local}@{host}" in listed or f"@{host}" in listed:
        return True
    ours = local.startswith(("reply+", "bounce+")) and is_our_domain(host, context)
    says = _MACHINE_FIRST.match(local) or _NUMBER.fullmatch(local) or _MACHINE_HOST.search(host)
    return ours or bool(says) or _says_machine(local)


def _says_many(name: str) -> bool:
    return bool(_VIA.search(name) or _CALLER.fullmatch(name)) or _says_machine(name)


def _says_machine(text: str) -> bool:
    """Say whether this, in lower case, is what no person is called."""
    return bool(_MACHINE.search(text) or _DEVICE.search(text.replace("_", " ")))


def _was_rewritten(headers: Headers, sender: ContactPoint) -> bool:
    return any(compared(point) != compared(sender) for point in _originals(headers))


def _is_list(headers: Headers, sender: ContactPoint) -> bool:
    """Say whether a list that people write to has put its own address in From."""
    posts = (text for name in (b"list-post", b"mailing-list") for text in headers.texts(name))
    return any(compared(sender) in text.lower() for text in posts)


def _by_a_server(headers: Headers, sender: ContactPoint, context: Context) -> bool:
    """Say whether a web server or a device of the sender's own domain has written the mail.

    One that names a citizen of another domain in From says nothing about her address.
    """
    submitter = find_submitter(headers, sender)
    if submitter and _host(submitter) == _host(sender) and _is_technical(submitter, context):
        return True
    said = [headers.text(name) for name in _SCRIPT_FIELDS if name in headers]
    script = any(name in headers for name in _SCRIPT_FIELDS[2:]) or any(map(_SCRIPT.search, said))
    if not script or any(map(_WEBMAIL.search, said)):
        return False
    way_back = read_address(context.envelope_from) or read_address(headers.text(b"return-path"))
    return way_back is not None and _host(way_back) == _host(sender)


def _host(point: ContactPoint) -> str:
    return compared(point).rpartition("@")[2]


def _mailbox(point: ContactPoint) -> str:
    """Return the address without the detail behind a plus: that is the same mailbox."""
    local, at, host = compared(point).rpartition("@")
    return (local.partition("+")[0] or local) + at + host
