"""Plays the story of the demo through the front doors, and notes what came of it."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from local_hub.ask import Json, Store, World
from local_hub.demo import every_way, mails
from local_hub.demo.browse import Portal, Slip
from local_hub.demo.mails import (
    ALOIS,
    ERIKA,
    HANNELORE,
    HANNELORES_PHONE,
    JOERG,
    KARL,
    OFFICE,
    PAUL,
    PETRA,
    ROSA,
    TOWN_FAX,
    TOWN_PHONE,
    TOWN_SMS,
    YUSUF,
    Citizen,
)

NO_SENDER = ""  # of a letter nobody knows it before somebody has read it
WITHIN = 180  # seconds for each thing that must happen; it takes one or two
Say = Callable[[str], None]  # told what happens next
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation as the list names it, with its whole timeline, oldest entry first."""

    conversation: Json
    entries: list[Json]

    @property
    def citizen(self) -> str:
        """Return the citizen's mail address; a form alone has none, a club's form names it."""
        people = [self.conversation.get("person"), *(e.get("person") for e in self.entries)]
        known = [person["value"] for person in people if person]
        return next((value for value in known if "@" in value), "".join(known[:1]))


@dataclass
class Story:
    """What came of it all, for `facts` to judge."""

    codes: list[int] = field(default_factory=list)  # what SMTP said to the citizens
    town: dict[str, Thread] = field(default_factory=dict)  # Musterstadt's, by citizen
    village: dict[str, Thread] = field(default_factory=dict)  # Kleindorf's
    inbox: list[Json] = field(default_factory=list)  # Erika's
    slip: Slip = field(default_factory=Slip)  # what the form gave Hannelore
    letters: list[Json] = field(default_factory=list)  # hers
    guessed: int = 0  # what the page says to wrong digits
    page: str = ""  # what she reads on the page in the end
    texted: int = 0  # what the hub said to the carrier about Yusuf's SMS
    texts: list[Json] = field(default_factory=list)  # on his phone
    brought: list[Json] = field(default_factory=list)  # letters, to Gertrud
    faxed: int = 0  # what the hub said to the provider about the firm's fax
    faxes: list[Json] = field(default_factory=list)  # at the firm's machine
    heard: list[str] = field(default_factory=list)  # by Hannelore, on the telephone
    stranger: int = 0  # what Kleindorf's agent gets who asks for Musterstadt's conversation
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """Who plays: the world outside, and one citizen's browser, one agent in each authority."""

    world: World
    portal: Portal
    town: Store
    village: Store


async def play(stage: Stage, say: Say) -> Story:
    """Play it all; what does not happen in time is missing from the story, and no exception."""
    story, began = Story(), time.monotonic()
    say("Fünf Mails gehen per SMTP ein, eine davon zweimal")
    await _write_in(stage, story)
    await until(lambda: _arrived(stage, story))
    say("Das Amt antwortet Erika Mustermann")
    await _answer(stage, story, ERIKA, mails.ANSWER)
    say("Sie liest die Antwort in ihrem Postfach und schreibt zurück")
    await until(lambda: _write_back(stage, story))
    say("Das Amt antwortet Petra Urlaub; ihr Postfach antwortet von selbst")
    await _answer(stage, story, PETRA, mails.HOURS)
    say("Das Amt antwortet Karl Verzogen, dessen Postfach es nicht mehr gibt")
    await _answer(stage, story, KARL, mails.CONFIRMED)
    say(
        "Paul Probst und Rosa Richter schreiben über das Formular eines Vereins; "
        "das Amt antwortet Rosa"
    )
    for mail in mails.BY_THE_CLUB:
        story.codes.append(await stage.world.send_raw(mails.CLUB, mails.POST, mail))
    await until(lambda: _has(stage, story, {PAUL, ROSA}))
    await _answer(stage, story, ROSA, mails.CLAIM_IS_IN)
    say("Gertrud Altmann wirft einen Brief ein; die Poststelle scannt ihn")
    await stage.world.post_letter(mails.LETTER)
    await _by_both_doors(stage, story, say)
    await _by_sms(stage, story, say)
    await _by_fax(stage, story, say)
    await _by_phone(stage, story, say)
    await until(lambda: _is_read(stage, story))
    await _by_letter(stage, story, say)
    await _every_way(stage, story, say)
    say("Antworten und Zustellberichte laufen ein")
    await until(lambda: _settled(stage, story))
    say("Kleindorf fragt nach einem Gespräch von Musterstadt")
    if thread := story.town.get(ERIKA):
        path = f"/conversations/{thread.conversation['id']}/entries"
        story.stranger = await stage.village.status_of(path)
    story.seconds = time.monotonic() - began
    return story


async def _by_both_doors(stage: Stage, story: Story, say: Say) -> None:
    say("Hannelore Winter füllt das Formular auf der Internetseite aus")
    story.slip = await stage.portal.write(mails.FORM, mails.FORM_FILE)
    # On Kafka the two travel in different lanes: an evening lies between them, not a moment.
    await until(lambda: _has_form(stage, story))
    say("Sie schreibt eine Mail hinterher und nennt ihre Vorgangsnummer")
    later = {"to": mails.POST, "subject": f"Zu {story.slip.reference}", "text": mails.LATER}
    story.codes.append(await stage.world.send(HANNELORE, later))
    await until(lambda: _has_entries(stage, story, 2))
    say("Das Amt sieht beides in einem Gespräch und antwortet")
    await _answer(stage, story, HANNELORE, mails.REPAIRED)
    say("Sie liest die Antwort im Postfach und auf der Seite, und antwortet auf beiden Wegen")
    await until(lambda: _thank_by_mail(stage, story))
    await stage.portal.leave()
    guess = f"{(int(story.slip.secret or 0) + 1) % 1_000_000:06}"
    story.guessed = await stage.portal.enter(Slip(story.slip.reference, guess))
    await stage.portal.enter(story.slip)
    await stage.portal.answer(mails.THANKS_BY_PORTAL)
    await until(lambda: _has_entries(stage, story, 5))
    story.page = await stage.portal.read()


async def _by_sms(stage: Stage, story: Story, say: Say) -> None:
    say("Yusuf Yıldız schreibt eine SMS; das Amt antwortet auf sein Handy")
    story.texted = await stage.world.text(YUSUF, TOWN_SMS, mails.LOST)
    await until(lambda: _has(stage, story, {YUSUF}))
    await _answer(stage, story, YUSUF, mails.FOUND)
    say("Yusuf Yıldız fragt mit einem Wort, wie weit es ist; das Amt muss nichts tun")
    await stage.world.text(YUSUF, TOWN_SMS, mails.HOW_FAR)


async def _by_fax(stage: Stage, story: Story, say: Say) -> None:
    say("Eine Kanzlei faxt einen Widerspruch; das Amt antwortet an ihr Faxgerät")
    story.faxed = await stage.world.fax(OFFICE, TOWN_FAX, mails.OBJECTION)
    await until(lambda: _has(stage, story, {OFFICE}))
    await _answer(stage, story, OFFICE, mails.OBJECTION_IS_IN)


async def _by_phone(stage: Stage, story: Story, say: Say) -> None:
    say("Hannelore Winter ruft an, hört, wie weit es ist, und möchte zurückgerufen werden")
    world, own = stage.world, HANNELORES_PHONE
    digits = story.slip.reference.replace("-", "").replace(" ", "")
    call = await world.call(own, TOWN_PHONE)
    # German, how far it is, number and digits; then a call-back, tomorrow, in the afternoon.
    for keys in ("1", "1", digits, story.slip.secret, "2", "2", "2"):
        call = await world.act(own, call, "keys", keys)
    call = await world.act(own, call, "hang_up")
    story.heard = [line["text"] for line in call["lines"] if line["who"] == "hub"]
    await until(lambda: _has_entries(stage, story, 6))


async def _by_letter(stage: Stage, story: Story, say: Say) -> None:
    await until(lambda: _has(stage, story, {NO_SENDER}))
    say("Das Amt trägt ein, wohin die Antwort geht, und antwortet Gertrud Altmann mit einem Brief")
    if thread := story.town.get(NO_SENDER):
        await stage.town.add_address(thread.conversation["id"], mails.GERTRUD)
        await _answer(stage, story, NO_SENDER, mails.PERMIT)
    story.brought = await until(stage.world.brought)


async def _every_way(stage: Stage, story: Story, say: Say) -> None:
    say("Hannelore Winter schreibt auch per SMS, Fax und Brief und nennt ihre Vorgangsnummer")
    await every_way.write_by_the_others(stage.world, story.slip.reference)
    await until(lambda: _wrote_by_all(stage, story))
    if thread := story.town.get(HANNELORE):
        home = thread.conversation["id"]
        say("Das Amt sieht alles in einem Gespräch, bestätigt es und antwortet auf jedem Weg")
        await every_way.answer_by_each(stage.town, home)
        say("Das Amt ruft sie zurück: Erst läutet der Apparat im Amt, dann ihr Telefon")
        await every_way.ring_back(stage.town, home)
        await until(lambda: every_way.talk(stage.world))


async def _wrote_by_all(stage: Stage, story: Story) -> bool:
    await _look(stage, story)
    hers = story.town.get(HANNELORE, Thread({}, []))
    return every_way.channels(hers.entries, "in") == every_way.RIGHT.keys()


async def _has_form(stage: Stage, story: Story) -> bool:
    await _look(stage, story)
    threads = story.town.values()
    return any(entry.get("channel") == "web" for thread in threads for entry in thread.entries)


async def _has_entries(stage: Stage, story: Story, number: int) -> bool:
    await _look(stage, story)
    return HANNELORE in story.town and len(story.town[HANNELORE].entries) >= number


async def _thank_by_mail(stage: Stage, story: Story) -> bool:
    story.letters = await stage.world.mails(HANNELORE)
    if not story.letters:
        return False
    answer = {"text": mails.THANKS_BY_MAIL, "answers": story.letters[0]["id"]}
    story.codes.append(await stage.world.send(HANNELORE, answer))
    return True


async def until(condition: Callable[[], Awaitable[T]], within: float = WITHIN) -> T:
    """Return `await condition()` once it is true, or as it is after `within` seconds."""
    end = time.monotonic() + within
    while (  # noqa: ASYNC110 - what is waited for lies in other processes
        not (result := await condition()) and time.monotonic() < end
    ):
        await asyncio.sleep(0.1)
    return result


async def _write_in(stage: Stage, story: Story) -> None:
    for mail in mails.NEW_MAILS:
        story.codes.append(await stage.world.send(mail.sender, _as_json(mail)))
    story.codes.append(await stage.world.send_raw(JOERG, mails.DOG_TAX, mails.UGLY))
    story.codes.append(await stage.world.send_raw(JOERG, mails.DOG_TAX, mails.UGLY))


def _as_json(mail: Citizen) -> Json:
    files = []
    if mail.file:
        name, media_type, data = mail.file
        encoded = base64.b64encode(data).decode()
        files = [{"file_name": name, "media_type": media_type, "base64": encoded}]
    return {"to": mail.to, "subject": mail.subject, "text": mail.text, "attachments": files}


async def _arrived(stage: Stage, story: Story) -> bool:
    await _look(stage, story)
    return {ERIKA, JOERG, PETRA, KARL} <= story.town.keys() and ALOIS in story.village


async def _has(stage: Stage, story: Story, citizens: set[str]) -> bool:
    await _look(stage, story)
    return citizens <= story.town.keys()


async def _is_read(stage: Stage, story: Story) -> bool:
    """Say whether the scanned letter is there, and a machine has read it."""
    await _look(stage, story)
    entries = story.town[NO_SENDER].entries if NO_SENDER in story.town else []
    return any((one.get("reading") or {}).get("state") == "read" for one in entries)


async def _look(stage: Stage, story: Story) -> None:
    story.town, story.village = await asyncio.gather(_threads(stage.town), _threads(stage.village))


async def _threads(store: Store) -> dict[str, Thread]:
    found = await store.conversations()
    threads = [Thread(one, await store.entries(one["id"])) for one in found]
    return {thread.citizen: thread for thread in threads}


async def _answer(stage: Stage, story: Story, citizen: str, text: str) -> None:
    if thread := story.town.get(citizen):
        await stage.town.reply(thread.conversation["id"], text, key=f"demo-{citizen}")


async def _write_back(stage: Stage, story: Story) -> bool:
    story.inbox = await stage.world.mails(ERIKA)
    if not story.inbox:
        return False
    answer = {"text": mails.SECOND_LETTER, "answers": story.inbox[0]["id"]}
    story.codes.append(await stage.world.send(ERIKA, answer))
    return True


async def _settled(stage: Stage, story: Story) -> bool:
    """Say whether everything has come that comes: two more mails, a receipt, a bounce."""
    await _look(stage, story)
    story.texts = await stage.world.texts(YUSUF)
    story.faxes = await stage.world.faxes(OFFICE)
    everybody = (ERIKA, PETRA, KARL, ROSA, YUSUF, OFFICE)
    lengths = [len(story.town[who].entries) for who in everybody if who in story.town]
    words = [delivery_of(story.town.get(who)) for who in everybody]
    right = ["delivered", "delivered", "failed", *["delivered"] * 3]
    posted = delivery_of(answered_by_letter(story)) == "sent"
    hers = story.town.get(HANNELORE, Thread({}, []))
    everywhere = every_way.reached(hers.entries) == every_way.RIGHT.keys()
    return lengths == [3, 3, 2, 2, 4, 2] and words == right and posted and everywhere


def answered_by_letter(story: Story) -> Thread | None:
    """Return the conversation that began with a scan; since it is answered, it names somebody."""
    threads = [thread for thread in story.town.values() if thread.entries]
    return next((one for one in threads if one.entries[0].get("channel") == "paper"), None)


def delivery_of(thread: Thread | None) -> str:
    """Return how far the last answer in this conversation got."""
    entries = thread.entries if thread else []
    words = [entry["delivery"]["status"] for entry in entries if entry.get("delivery")]
    return words[-1] if words else ""
