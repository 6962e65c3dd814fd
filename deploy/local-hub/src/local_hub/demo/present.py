"""`faden demo`: shows the story as tables in plain German, or as JSON, and how to go on."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from hub_kit.settings import Loaded
from local_hub.demo.mails import ALOIS, ERIKA, HANNELORE, JOERG, KARL, OFFICE, PETRA, YUSUF
from local_hub.demo.play import Thread
from local_hub.demo.records import Lying
from local_hub.demo.run import Performance, perform
from local_hub.draw.parts import draw_parts
from local_hub.draw.threads import Paper, draw_timeline
from local_hub.interrupt import both_interrupt
from local_hub.steps import show_steps

TOWN, VILLAGE = "Stadt Musterstadt", "Gemeinde Kleindorf"
GO_ON = """\
Der Hub läuft, bis Sie Strg-C drücken; dann ist alles wieder fort.
Mit «faden up» läuft derselbe Hub, und seine Daten bleiben in .faden/."""


def run_demo(bus: str, console: Console, *, check: bool, as_json: bool) -> int:
    """Play the story and show it; return 0 if every fact holds, else 1."""
    steps = Console(stderr=True, highlight=False) if as_json else console

    def stay(played: Performance, loaded: Loaded) -> None:
        _show(console, bus, played)
        _conclude(console, played, check=False)
        console.print(draw_parts(loaded, "de"), GO_ON, sep="\n")

    with both_interrupt(), show_steps(steps) as say:
        performance = perform(bus, say, None if check or as_json else stay)
        say("")
    if as_json:
        json.dump(_document(bus, performance), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    elif check:
        _show(console, bus, performance)
        _conclude(console, performance, check=True)
    return 0 if all(fact.holds for fact in performance.facts) else 1


def _show(console: Console, bus: str, performance: Performance) -> None:
    paper = Paper(console.width)
    for citizen in (HANNELORE, YUSUF, OFFICE, ERIKA, PETRA, KARL, JOERG):
        if thread := performance.story.town.get(citizen):
            console.print(draw_timeline(thread.entries, _title(TOWN, thread), TOWN, paper))
    if thread := performance.story.village.get(ALOIS):
        console.print(draw_timeline(thread.entries, _title(VILLAGE, thread), VILLAGE, paper))
    if bus == "kafka":
        console.print(_draw_records(performance.records))


def _title(authority: str, thread: Thread) -> str:
    reference = thread.conversation.get("reference", "")
    return f"{authority} · Vorgang {reference}" if reference else authority


def _draw_records(records: list[Lying]) -> Table:
    title = f"Apache Kafka: {len(records)} Ereignisse, der Inhalt ist versiegelt"
    table = Table("Topic", "Platz", "Schlüssel", "Bytes", "Inhalt", title=title)
    for one in records:
        sealed = json.loads(one.body).get("content", {}).get("sealed", "")
        table.add_row(
            one.topic.removeprefix("faden."),
            f"{one.lane}/{one.offset}",
            one.key[:24] + "…",
            str(len(one.body)),
            f"{sealed[:20]}…" if sealed else "–",
        )
    return table


def _conclude(console: Console, performance: Performance, *, check: bool) -> None:
    facts = performance.facts
    for fact in facts:
        if check or not fact.holds:
            console.print(f"[green]✓[/] {fact.words}" if fact.holds else f"[red]✗ {fact.words}[/]")
    holding = sum(fact.holds for fact in facts)
    seconds = f"{performance.story.seconds:.1f}".replace(".", ",")
    console.print(
        f"{holding} von {len(facts)} Tatsachen stimmen; die Geschichte dauerte {seconds} s."
    )
    if holding < len(facts):
        console.print("Zuletzt sagten die Prozesse:", *performance.said[-30:], sep="\n  ")


def _document(bus: str, performance: Performance) -> dict[str, Any]:
    story = performance.story
    return {
        "bus": bus,
        "holds": all(fact.holds for fact in performance.facts),
        "seconds": round(story.seconds, 1),
        "facts": [{"fact": fact.words, "holds": fact.holds} for fact in performance.facts],
        "timelines": {
            tenant: [
                {"conversation": thread.conversation, "entries": thread.entries}
                for thread in threads.values()
            ]
            for tenant, threads in (("musterstadt", story.town), ("kleindorf", story.village))
        },
        "records": [
            {
                "topic": one.topic,
                "lane": one.lane,
                "offset": one.offset,
                "key": one.key,
                "headers": one.headers,
                "event": json.loads(one.body),
            }
            for one in performance.records
        ],
    }
