"""Why a file was not taken in, as the sentence that lies beside it in `failed/`."""

from enum import StrEnum

from hub_pages.said import mark


class Fault(StrEnum):
    """A code for logs and tests; people read the sentence."""

    EMPTY = "empty"
    NO_DOCUMENT = "no-document"
    TOO_LARGE = "too-large"
    REFUSED = "refused"


REASONS = {
    Fault.EMPTY: mark("Die Datei ist leer geblieben. Bitte scannen Sie das Schreiben noch einmal."),
    Fault.NO_DOCUMENT: mark(
        "Die Datei ist kein Scan: Angenommen werden PDF, TIFF, JPEG, PNG und HEIC. Ist es ein "
        "Schreiben, scannen Sie es bitte noch einmal in einem dieser Formate."
    ),
    Fault.TOO_LARGE: mark(
        "Die Datei ist zu groß. Bitte teilen Sie den Stapel, oder lassen Sie size_limit anheben."
    ),
    Fault.REFUSED: mark(
        "Die Datenbank nimmt das Schreiben nicht an. Bitte geben Sie dem Betrieb Bescheid."
    ),
}
