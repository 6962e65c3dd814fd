"""Know the line that a device or an app adds below what somebody writes.

People say such things too ("Verschickt per Einschreiben", "Von meinem Handy habe ich Ihnen ein Foto
geschickt"): a line counts only where it names a device or an app, and nobody speaks in it.
"""

import re

_SAID = (
    r"(?!.{0,120}\b(?:post|brief|einschreiben|fax|bote[nr]?|ich|wir|habe|haben|hat|mir|ihnen|foto|bild"
    r"|letter|courier|registered|recorded|recommandé|accusé|poste|courrier|certificad[oa]|raccomandata"
    r"|aangetekend|polecon\w*|заказн\w*)\b)"
)
_THING = (
    r"\b(?:i?phone|ipad|handy|smartphone|mobil\w*|android\S*|galaxy|samsung|huawei|xiaomi|redmi|honor"
    r"|pixel|nokia|sony|motorola|oneplus|fairphone|blackberry|tablet|apps?|mail|freemail|mail-app"
    r"|outlook|windows|mac|gmx|web\.de|telekom|t-online|yahoo|gmail|mymail|proton\w*|spark|tuta\w*"
    r"|posteo|bluemail|thunderbird|avast|norton|unterwegs|gerät|ios)\b"
)
_SENT = r"(?:gesendet|gesandt|verschickt|geschickt|versandt)"
_DEVICE = re.compile(
    rf"{_SAID}(?:"
    rf"(?:von|vom|aus|mit) .{{0,50}}?{_THING}.{{0,50}}?\b{_SENT}\.?"
    rf"|{_SENT} (?:von|vom|mit|aus|über|per|via)\b.{{0,70}}?{_THING}.{{0,50}}"
    r"|diese (?:nachricht|e-?mail|mail) wurde "
    rf"(?:auf viren|(?:von|mit|über|per|vom) .{{0,60}}?{_THING}).{{0,60}}"
    r"|(?:holen|laden) sie sich? ?.{0,10}outlook für .{1,30}|outlook für (?:ios|android) .{0,20}"
    r"|sent (?:from|via|with|using) .{1,60}|get outlook for .{1,30}|get bluemail for .{1,30}"
    r"|this e-?mail (?:has been checked for viruses|was sent (?:from|with)).{0,60}"
    r"|envoyé (?:de|depuis|à partir|avec|via)\b.{1,50}|télécharge[rz] outlook pour .{1,30}"
    r"|inviat[oa] (?:da|dal|con|tramite)\b.{1,50}|enviado (?:desde|do|de|a partir)\b.{1,50}"
    r"|obt(?:ener|enha) (?:o )?outlook .{1,30}|verzonden (?:vanaf|met|vanuit|via)\b.{1,50}"
    r"|verstuurd (?:vanaf|met|vanuit|via)\b.{1,50}|wysłan[eoy] (?:z|ze)\b.{1,50}"
    r"|sendt (?:fra|med)\b.{1,50}|skickat från .{1,50}|lähetetty .{1,50}"
    r"|отправлено (?:с|из) .{1,50}|(?:надіслано|відправлено) (?:з|із|через) .{1,50}"
    r"|(?:iphone|ipad|samsung|android)\S{0,20} gönderildi.{0,40}|trimis (?:de|din) .{1,50}"
    r"|(?:odesláno|odoslané|poslano|poslato|изпратено|dërguar) (?:z|zo|s|sa|iz|от|nga) .{1,50}"
    r"|تم (?:الإرسال|إرسالها?) (?:من|عبر) .{1,50}|أُ?رسلت من .{1,50}|στάλθηκε από .{1,50}"
    r")(?:<\s*https?://[^>\s]*>|\(https?://[^)]*\))?\s*\Z",
    re.IGNORECASE,
)
# What they begin with, by three letters: looking there first is most of the work saved.
_LETTERS = (
    "von|vom|aus|mit|ges|ver|die|hol|lad|out|sen|get|thi|env|tél|inv|obt|wys|ski|läh|отп|над|від"
    "|iph|ipa|sam|and|tri|ode|odo|pos|изп|dër|تم|أُر|أرس|στά"
)
BEGINS = frozenset(_LETTERS.split("|"))


def letters_of(stripped: str) -> str:
    """Return the first three letters of a line, in lower case, or the word that is shorter."""
    return stripped[:3].rstrip(",.! ").lower()


def is_device_line(stripped: str) -> bool:
    """Say whether a device or an app wrote this line."""
    if letters_of(stripped) not in BEGINS or not _DEVICE.match(stripped):
        return False
    bare = stripped.partition("<http")[0].partition("(http")[0]
    # "Sent from my desk, is much easier" is a sentence; an app's advertisement has a full stop.
    return "," not in bare and not (bare.rstrip().endswith(".") and bare[:4].lower() == "sent")
