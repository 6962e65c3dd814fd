"""Says why an entry stands where it stands, in plain words, for agents; German and English."""

_SENTENCES = {
    "token": (
        "Antwort an die persönliche Antwortadresse dieses Gesprächs.",
        "Reply to the reply address of this conversation.",
    ),
    "answers": (
        "Antwort auf eine Nachricht dieses Gesprächs.",
        "Answers a message of this conversation.",
    ),
    "answered_by": (
        "Eine Nachricht dieses Gesprächs, die früher eintraf, antwortet darauf.",
        "A message of this conversation that arrived earlier answers it.",
    ),
    "copy": (
        "Dieselbe Nachricht ging auch an einen anderen Anschluss und steht in diesem Gespräch.",
        "The same message came to another account too, and is in this conversation.",
    ),
    "reference_known": (
        "Vorgangsnummer genannt; der Kontaktweg ist in diesem Gespräch bekannt.",
        "Names the reference; the contact point is known in this conversation.",
    ),
    "reference_unverified": (
        "Vorgangsnummer genannt, aber der Kontaktweg ist unbekannt. Bitte bestätigen.",
        "Names the reference, but the contact point is unknown. Please confirm.",
    ),
    "only_open": (
        "Einziges offenes Gespräch dieses Kontaktwegs in den letzten 30 Tagen.",
        "The only open conversation of this contact point in the last 30 days.",
    ),
    "new": ("Neues Gespräch: keine Zuordnung gefunden.", "New conversation: nothing matched."),
    "new_given": (
        "Neues Gespräch: Die Vorgangsnummer wurde schon beim Absenden mitgeteilt.",
        "New conversation: its reference was given out when it was sent.",
    ),
    "reference_taken": (
        "Die beim Absenden mitgeteilte Vorgangsnummer war schon vergeben; es gilt eine andere.",
        "The reference given out when it was sent was taken; this conversation has another.",
    ),
    "new_several_open": (
        "Neues Gespräch: mehrere offene Gespräche kommen in Frage.",
        "New conversation: several open conversations may be meant.",
    ),
    "new_automatic": (
        "Automatische Nachricht ohne Zuordnung.",
        "Automatic message; nothing matched.",
    ),
    "on_its_way": ("Unterwegs.", "On its way."),
    "arrived": ("Angekommen.", "Delivered."),
    "was_read": ("Gelesen.", "Read."),
    "did_not_arrive": ("Nicht angekommen.", "Not delivered."),
    "asked_for": (
        "Hier möchte die Person Antworten bekommen.",
        "This is where the person wishes to be answered.",
    ),
    "wrote_last": ("So kam die letzte Nachricht.", "The last message came this way."),
    "known_here": (
        "Bestätigter Kontaktweg in diesem Gespräch.",
        "A confirmed contact point of this conversation.",
    ),
    "not_confirmed": (
        "Dieser Kontaktweg ist in diesem Gespräch nicht bestätigt. Bitte erst bestätigen.",
        "This contact point is not confirmed in this conversation. Please confirm it first.",
    ),
    "no_address": (
        "In diesem Gespräch ist keine solche Adresse bekannt.",
        "No such address is known in this conversation.",
    ),
    "no_account": (
        "Ihre Behörde hat dafür keinen Anschluss eingerichtet.",
        "Your authority has no account set up for this.",
    ),
    "once_failed": (
        "Eine Nachricht an diese Adresse konnte nicht zugestellt werden.",
        "A message to this address could not be delivered.",
    ),
    "once_returned": (
        "Eine Nachricht an diese Adresse kam zurück.",
        "A message to this address came back.",
    ),
    "agent": ("Von einer Person im Amt verfasst.", "Written by an agent."),
    "closed": ("Als erledigt abgelegt.", "Closed."),
    "reopened": ("Wieder geöffnet.", "Opened again."),
    "snoozed": ("Zurückgestellt.", "Put aside."),
    "woken": ("Wieder vorgelegt.", "Came back."),
    "taken": ("Übernommen.", "Taken on."),
    "assigned": ("Weitergegeben.", "Handed on."),
    "released": ("Freigegeben.", "Released."),
    "confirmed": ("Einen Kontaktweg bestätigt.", "Confirmed a contact point."),
    "doubted": (
        "Die Bestätigung eines Kontaktwegs zurückgenommen.",
        "Took back that a contact point is confirmed.",
    ),
    "moved": ("Von Hand verschoben.", "Moved by hand."),
    "token_forged": (
        "Die Antwortadresse ist gefälscht oder beschädigt.",
        "The reply address is forged or damaged.",
    ),
    "token_expired": ("Die Antwortadresse ist abgelaufen.", "The reply address has expired."),
    "token_unknown": (
        "Die Antwortadresse führt zu keinem Gespräch mehr.",
        "The reply address leads to no conversation any more.",
    ),
    "reference_unknown": (
        "Die genannte Vorgangsnummer ist hier nicht vergeben.",
        "The reference named is not one of ours.",
    ),
    "sender_unknown": (
        "Der Kontaktweg ist in diesem Gespräch nicht bestätigt.",
        "The contact point is not confirmed in this conversation.",
    ),
    "erased": ("Der Inhalt wurde gelöscht.", "The content has been erased."),
    "named": (
        "In der Nachricht wird auch dieses Gespräch genannt.",
        "The message names this conversation too.",
    ),
    "same_sender": (
        "Derselbe Kontaktweg schreibt auch in diesem Gespräch.",
        "The same contact point writes in this conversation too.",
    ),
    "same_name": (
        "Unter diesem Kontaktweg meldet sich jemand mit demselben Namen.",
        "Somebody of the same name uses this contact point.",
    ),
}
LANGUAGES = ("de", "en")


def explain(code: str, language: str = "de") -> str:
    """Return the sentence of this code; an unknown code speaks for itself."""
    sentences = _SENTENCES.get(code, (code, code))
    return sentences[LANGUAGES.index(language) if language in LANGUAGES else 0]
