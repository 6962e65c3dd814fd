"""Says in sentences what is wrong with a form: what it is, and what to do."""

from collections.abc import Callable, Iterable

from channel_web.parse.form import LONGEST_NAME, LONGEST_SUBJECT, LONGEST_TEXT, Wrong
from channel_web.settings import MEGABYTE, WebSettings
from hub_pages.form import Fault
from hub_pages.said import mark

SENTENCES = {
    "subject_missing": mark("Bitte schreiben Sie in wenigen Wörtern, worum es geht."),
    "subject_long": mark("Bitte fassen Sie sich kürzer: höchstens %(subject)s Zeichen."),
    "text_missing": mark("Bitte schreiben Sie uns Ihre Nachricht."),
    "text_long": mark(
        "Ihre Nachricht ist zu lang: höchstens %(text)s Zeichen."
        " Längeres senden Sie bitte als Datei."
    ),
    "name_long": mark("Bitte kürzen Sie den Namen: höchstens %(name)s Zeichen."),
    "email_missing": mark(
        "Bitte geben Sie Ihre E-Mail-Adresse an, oder wählen Sie die Antwort auf dieser Seite."
    ),
    "email_wrong": mark(
        "Diese E-Mail-Adresse ist nicht vollständig. Sie sieht aus wie name@anbieter.de."
    ),
    "reference_missing": mark("Bitte geben Sie Ihre Vorgangsnummer ein: zwölf Ziffern."),
    "reference_length": mark(
        "Die Vorgangsnummer hat zwölf Ziffern. Bitte prüfen Sie Ihre Eingabe."
    ),
    "reference_wrong": mark(
        "In der Vorgangsnummer stimmt eine Ziffer nicht."
        " Bitte vergleichen Sie sie mit Ihrem Zettel."
    ),
    "secret_missing": mark("Bitte geben Sie Ihre Geheimzahl ein: sechs Ziffern."),
    "secret_wrong": mark("Die Geheimzahl hat sechs Ziffern. Bitte prüfen Sie Ihre Eingabe."),
    "number_missing": mark("Bitte geben Sie Ihre Handynummer an."),
    "number_wrong": mark(
        "An diese Nummer können wir keine SMS senden. Bitte geben Sie eine Handynummer aus diesem"
        " Land an, zum Beispiel 0171 5550101."
    ),
    "code_missing": mark("Bitte geben Sie den Code aus der SMS ein: sechs Ziffern."),
    "code_digits": mark("Der Code hat sechs Ziffern. Bitte prüfen Sie Ihre Eingabe."),
    "code_wrong": mark("Dieser Code stimmt nicht. Bitte vergleichen Sie ihn mit der SMS."),
    "code_over": mark("Dieser Code gilt nicht mehr. Bitte fordern Sie einen neuen an."),
    "code_wait": mark(
        "Wir haben gerade einen Code geschickt. Bitte warten Sie eine Minute, bevor Sie einen neuen"
        " anfordern."
    ),
    "code_many": mark("Das waren zu viele Codes. Bitte versuchen Sie es morgen noch einmal."),
    "file_empty": mark("Die Datei »%(about)s« ist leer. Bitte wählen Sie eine andere."),
    "file_large": mark(
        "Die Datei »%(about)s« ist zu groß. Eine Datei darf höchstens %(file)s MB haben."
    ),
    "file_false": mark(
        "Die Datei »%(about)s« ist nicht das, was ihr Name sagt."
        " Zu Ihrem Schutz nehmen wir sie nicht an. Bitte senden Sie ein PDF oder ein Foto."
    ),
    "file_unknown": mark(
        "Dateien wie »%(about)s« können wir nicht annehmen. Bitte senden Sie ein PDF oder ein Foto."
    ),
    "file_gone": mark("Die Datei »%(about)s« ist nicht mehr da. Bitte wählen Sie sie noch einmal."),
    "files_many": mark("Bitte senden Sie höchstens %(count)s Dateien auf einmal."),
    "files_no_room": mark(
        "Gerade haben wir keinen Platz für Dateien. Bitte senden Sie Ihre Nachricht ohne Dateien,"
        " oder versuchen Sie es in einer Stunde noch einmal."
    ),
    "files_unsent": mark(
        "Ihre Dateien konnten wir nicht aufheben. Ihr Text ist noch da. Bitte wählen Sie die"
        " Dateien noch einmal, wenn alles andere stimmt, und senden Sie dann gleich ab."
    ),
    "files_large": mark(
        "Die Dateien sind zusammen zu groß. Zusammen dürfen sie höchstens %(files)s MB haben."
    ),
}
_OTHER = mark("Diese Angabe stimmt nicht. Bitte prüfen Sie sie.")


def sentences(
    faults: Iterable[Wrong], say: Callable[[str], str], settings: WebSettings
) -> tuple[Fault, ...]:
    """Return what a page shows: one sentence for each, in the reader's language."""
    limits = {
        "subject": LONGEST_SUBJECT,
        "name": LONGEST_NAME,
        "text": LONGEST_TEXT,
        "file": settings.file_limit // MEGABYTE or 1,
        "files": settings.files_limit // MEGABYTE or 1,
        "count": settings.files,
    }
    return tuple(
        Fault(one.field, say(SENTENCES.get(one.code, _OTHER)) % (limits | {"about": one.about}))
        for one in faults
    )
