"""What the citizens and the agent of the demo write: values, for `play`."""

from dataclasses import dataclass

POST = "post@musterstadt.example"
DOG_TAX = "hundesteuer@musterstadt.example"
VILLAGE = "post@kleindorf.example"
ERIKA = "erika.mustermann@buergerpost.example"
JOERG = "joerg.weissgerber@buergerpost.example"
PETRA = "petra.urlaub@buergerpost.example"
KARL = "karl.verzogen@altpost.example"
HANNELORE = "hannelore.winter@buergerpost.example"
CLUB = "kontakt@buergerverein.example"  # whose site has a form, for all citizens
PAUL = "paul.probst@buergerpost.example"
ROSA = "rosa.richter@buergerpost.example"
ALOIS = "bauer.huber@dorfpost.example"
YUSUF, TOWN_SMS = "+491715550103", "+4971112399"
OFFICE, TOWN_FAX = "+497115550199", "+4971112396"  # a law firm's fax machine, and the town's
HANNELORES_PHONE, TOWN_PHONE = "+491715550104", "+4971112390"
HANNELORES_FAX, AGENTS_PHONE = "+497115550104", "+4971112355"

# Words that stand in the mails and may stand nowhere on the bus: neither in the clear nor encoded.
CANARIES = (
    "Zwergschnauzer",
    "Anmeldung meines Hundes",
    "Mustermann",
    "Traktor",
    "erika.mustermann",
    "bauer.huber",
    "dorfpost.example",
    "Impfpass",
    "Hannelore",
    "hannelore.winter",
    "Straßenlaterne",
    "Laterne.txt",
    "491715550103",
    "Fundbüro",
    "Wohngeld",
    "rosa.richter",
)


@dataclass(frozen=True, slots=True)
class Citizen:
    """A mail by a citizen's own program; `file` is (name, media type, bytes)."""

    sender: str
    to: str
    subject: str
    text: str
    file: tuple[str, str, bytes] | None = None


APPLICATION = Citizen(
    ERIKA,
    POST,
    "Anmeldung meines Hundes – Größe und Gebühr?",
    """Sehr geehrte Damen und Herren,

seit gestern wohnt der Zwergschnauzer Bello bei uns in der Möwenstraße 5.
Muss ich ihn anmelden, und wie hoch ist die Gebühr? Der Impfpass liegt bei.

Mit freundlichen Grüßen
Erika Mustermann""",
    ("Impfpass für Bello.pdf", "application/pdf", b"%PDF-1.4\n% Impfpass Zwergschnauzer\n%%EOF\n"),
)
TRACTOR = Citizen(
    ALOIS,
    VILLAGE,
    "Traktor auf dem Feldweg",
    "Grüß Gott,\n\nder Feldweg ist überschwemmt. Wann wird er gerichtet?\n\nAlois Huber",
)
HOLIDAY = Citizen(
    PETRA, POST, "Öffnungszeiten im August", "Guten Tag, wann ist das Bürgerbüro offen?"
)
MOVED = Citizen(
    KARL, POST, "Abmeldung", "Ich ziehe um. Bitte bestätigen Sie meine Abmeldung.\nKarl Verzogen"
)
NEW_MAILS = (APPLICATION, TRACTOR, HOLIDAY, MOVED)

# No Message-ID, no Date, raw Latin-1 in the headers, a charset that lies, a part without an end.
UGLY = (
    "From: Jörg Weißgerber <joerg.weissgerber@buergerpost.example>\n"
    "To: hundesteuer@musterstadt.example\n"
    "Subject: =?iso-8859-15?Q?R=FCckfrage zum Bescheid=20=A4?= für 2024\n"
    "MIME-Version: 1.0\n"
    'Content-Type: multipart/mixed; boundary="grenze"\n'
    "\n"
    "--grenze\n"
    "Content-Type: text/plain; charset=us-ascii\n"
    "\n"
    "Der Bescheid ist falsch: Mein Dackel ist längst tot.\n"
    "--grenze\n"
    "Content-Type: image/png; name=Dackel.png\n"
    "Content-Transfer-Encoding: base64\n"
    "\n"
    "iVBORw0KGgo=\n"
).replace("\n", "\r\n").encode("iso-8859-15")  # fmt: skip
UGLY_WORDS = "Mein Dackel ist längst tot."


def by_the_club(name: str, address: str, text: str) -> bytes:
    """Return what the club's form makes of a citizen's words: its own address, her Reply-To."""
    lines = (
        f"From: Bürgerverein Musterstadt <{CLUB}>",
        f"To: {POST}",
        f"Reply-To: {name} <{address}>",
        "Subject: Nachricht von unserer Internetseite",
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
    )
    return "\r\n".join(lines).encode()


BY_THE_CLUB = (
    by_the_club("Paul Probst", PAUL, "Der Spielplatz ist seit Wochen gesperrt."),
    by_the_club("Rosa Richter", ROSA, "Ich bin Witwe geworden und brauche Wohngeld."),
)
CLAIM_IS_IN = "Guten Tag Frau Richter, Ihr Antrag auf Wohngeld ist eingegangen."
ANSWER = """Guten Tag Frau Mustermann,

ja, bitte melden Sie Bello innerhalb von 14 Tagen an. Die Steuer beträgt 96 Euro im Jahr.
Wie groß ist Bello?

Freundliche Grüße
Stadt Musterstadt, Steueramt"""
SECOND_LETTER = "Bello misst 34 cm bis zur Schulter.\n\nViele Grüße\nErika Mustermann"
SECOND_LETTER_WORDS = "Bello misst 34 cm bis zur Schulter."
HOURS = "Guten Tag Frau Urlaub, im August ist das Bürgerbüro von 8 bis 12 Uhr offen."
CONFIRMED = "Guten Tag Herr Verzogen, Ihre Abmeldung ist eingetragen."

# What Hannelore Winter types into the form on the authority's pages, and what follows.
FORM = {
    "subject": "Straßenlaterne vor meinem Haus",
    "text": "Guten Tag,\n\ndie Straßenlaterne vor der Amselgasse 3 ist seit Montag dunkel.",
    "name": "Hannelore Winter",
    "answer": "email",
    "email": HANNELORE,
}
FORM_FILE = ("Laterne.txt", "text/plain", "Die Straßenlaterne hat die Nummer 4711.".encode())
LATER = "Nachtrag: Jetzt ist auch die Laterne nebenan aus.\n\nHannelore Winter"
REPAIRED = "Guten Tag Frau Winter, am Donnerstag werden beide Lampen repariert."
REPAIRED_WORDS = "am Donnerstag werden beide Lampen repariert"
THANKS_BY_MAIL = "Vielen Dank, das ist schön!\n\nHannelore Winter"
THANKS_BY_PORTAL = "Eine Frage noch: Muss ich dann zu Hause sein?"

# What Yusuf Yıldız and the authority write by SMS.
OBJECTION = "Widerspruch gegen den Bescheid vom 3. Mai.\n\nKanzlei Winter und Partner"
OBJECTION_IS_IN = "Ihr Widerspruch ist heute fristgerecht eingegangen."
LOST = "Guten Tag, liegt im Fundbüro ein blauer Kinderroller?"
HOW_FAR, ANSWERED = "STATUS", "haben wir Ihnen am"
FOUND = "Guten Tag, ja, er steht hier. Das Fundbüro ist heute bis 18 Uhr offen."

# What Gertrud Altmann, who has neither mail nor mobile phone, puts into the letter box.
GERTRUD = "Gertrud Altmann\nLindenweg 12\n12345 Musterstadt"
PERMIT = "Sehr geehrte Frau Altmann,\n\nIhr Parkausweis ist fertig. Sie können ihn abholen."
PERMIT_WORDS = "Ihr Parkausweis ist fertig."
LETTER = """Gertrud Altmann
Lindenweg 12
12345 Musterstadt

Antrag auf einen Parkausweis für Schwerbehinderte

Sehr geehrte Damen und Herren,

ich bitte um einen Parkausweis. Meinen Bescheid vom Versorgungsamt reiche ich gerne nach.

Mit freundlichen Grüßen
Gertrud Altmann"""
LETTER_WORDS = "ich bitte um einen Parkausweis"

# What she sends on the three ways that are left, and what the authority answers on each.
BY_SMS = "Die Lampe brennt wieder, danke!"
ON_PAPER = "Anbei die Skizze, wo die Laternen stehen. Mit freundlichen Grüßen"
HANNELORES_ADDRESS = "Hannelore Winter\nAmselgasse 3\n70000 Musterstadt"
DONE = "Guten Tag Frau Winter, vielen Dank. Der Vorgang ist damit erledigt."
