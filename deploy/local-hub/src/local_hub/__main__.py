"""`faden`: the command. Each subcommand lives in a file of its name; here are its options."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from hub_contract.errors import Temporary
from hub_kit.settings import ConfigurationError
from local_hub.locate import Located

app = typer.Typer(
    help="Faden: one thread through every channel between citizens and their authority.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Config = Annotated[
    Path | None,
    typer.Option("--config", envvar="HUB_CONFIG", help="The YAML file; else ./faden.yaml."),
]
Data = Annotated[
    Path, typer.Option("--data", envvar="FADEN_DATA", help="Where the hub keeps its data.")
]
Bus = Annotated[str, typer.Option("--bus", help="postgresql or kafka.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
services = typer.Typer(help="Public services: what a transaction needs.", no_args_is_help=True)
app.add_typer(services, name="services")
Rows = list[dict[str, Any]]
HERE = Path(".faden")
# Into a file or a pipe, tables are as wide as they read well.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 130)


@app.command()
def up(config: Config = None, data: Data = HERE, bus: Bus = "postgresql") -> None:
    """Run the whole hub on this machine until Ctrl-C; its data stays in .faden/."""
    from local_hub.up import run_up

    run_up(Located.find(config, data), _known(bus), out)


@app.command()
def demo(
    bus: Bus = "postgresql",
    check: Annotated[
        bool, typer.Option("--check", help="List every fact and whether it holds.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Play a story with real mails, in and out, and show the timeline; leaves nothing behind."""
    from local_hub.demo.present import run_demo

    raise typer.Exit(run_demo(_known(bus), out, check=check, as_json=as_json))


@app.command()
def timeline(
    wanted: Annotated[str, typer.Argument(metavar="[REFERENCE|ADDRESS]")] = "",
    *,
    config: Config = None,
    data: Data = HERE,
    tenant: Annotated[str, typer.Option(help="Only of this one; else of all.")] = "",
    language: Annotated[str, typer.Option(help="de or en.")] = "en",
    as_json: Json = False,
) -> None:
    """Show a conversation of the running hub; without an argument list the newest ones."""
    from local_hub.timeline import Wanted, show_timeline

    loaded = Located.find(config, data).read()
    show_timeline(loaded, out, Wanted(wanted, tenant, language, as_json))


@services.command("check")
def check_services(
    folder: Annotated[Path | None, typer.Argument(help="Else those that Faden ships.")] = None,
) -> None:
    """Check definitions of public services; each fault names line, field and remedy."""
    from datetime import UTC, datetime

    from local_hub.services import check_services

    found = list(check_services(folder, datetime.now(UTC).date()))
    for name, faults in found:
        out.print(name, "ok" if not faults else "")
        for fault in faults:
            out.print("  " + fault, markup=False)
    if not found:
        raise ConfigurationError(f"{folder}: holds no *.yaml; name a folder of definitions")
    raise typer.Exit(1 if any(faults for _, faults in found) else 0)


@app.command()
def check(config: Config = None, data: Data = HERE, as_json: Json = False) -> None:
    """Check configuration and connections; each fault names file, key and remedy."""
    from local_hub.check import check_configuration, check_connections, check_faces

    loaded = Located.find(config, data).read()
    with Console(stderr=True).status("Checking …"):
        findings = check_faces(loaded)
        if not any(finding.fault for finding in findings):  # else no service can be read
            findings += check_configuration(loaded)
            findings += asyncio.run(check_connections(loaded))
    rows: Rows = [
        {"ok": "✗" if f.fault else "✓", "key": f.key, "value": f.value, "fault": f.fault}
        for f in findings
    ]
    _print(rows, as_json)
    faults = [finding.line(loaded) for finding in findings if finding.fault]
    for line in faults:
        sys.stderr.write(f"faden: {line}\n")
    raise typer.Exit(2 if faults else 0)


@app.command()
def parse(
    channel: Annotated[str, typer.Argument(help="email, or another channel that reads files.")],
    files: Annotated[list[Path], typer.Argument(help="The originals; - is standard input.")],
    config: Config = None,
    account: Annotated[
        str, typer.Option(help="Read it as this account (tenant/name) of the file.")
    ] = "",
) -> None:
    """Show what Faden makes of an original: one JSON event a line, opened, without any database."""
    from local_hub.parse import parse_files

    loaded = Located.find(config, HERE).read() if account else None
    for line in parse_files(channel, files, loaded, account):
        sys.stdout.write(line + "\n")


@app.command()
def dead(config: Config = None, data: Data = HERE, as_json: Json = False) -> None:
    """List dead letters and parked keys: what could not be handled, with its reason."""
    from local_hub.setaside import list_set_aside

    _print(asyncio.run(list_set_aside(Located.find(config, data).read())), as_json)


@app.command()
def replay(
    config: Config = None,
    data: Data = HERE,
    key: Annotated[str | None, typer.Option(help="Only this key; else all.")] = None,
) -> None:
    """Ask the services to try again what was set aside, in its order."""
    from local_hub.setaside import ask_replay

    asked = asyncio.run(ask_replay(Located.find(config, data).read(), key))
    out.print(f"{asked} events are tried again; `faden dead` shows what fails again.")


@app.command()
def keys(
    file: Annotated[Path, typer.Argument(help="Where to write it.")],
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="New pairs for service tokens; the last ones stay good."),
    ] = False,
) -> None:
    """Make a key ring, readable by its owner only; without it nothing can be opened.

    Beside it, in <name>.tokens, the pairs that sign service tokens; those that are missing are
    made. After --rotate, start the services again that sign: gateway, workspace, channel-web.
    """
    from hub_kit.keys import KeyRing, beside
    from hub_kit.signers import make_pairs

    try:
        if file.exists() and (made := make_pairs(beside(file), rotate=rotate)):
            out.print(f"{beside(file)}: pairs made for {', '.join(made)}.")
            return
        KeyRing.create(file)
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}; name another file") from None
    out.print(f"{file}: made. Keep a copy apart from the backups of the database.")


@app.command()
def migrate(
    owner: Annotated[
        str, typer.Option(envvar="HUB_OWNER", help="DSN of a user that may create roles.")
    ],
) -> None:
    """Bring a database up to date: schemas, roles, tables. `faden up` does it by itself."""
    from local_hub.prepare import migrate_database

    with Console(stderr=True).status("Migrating …"):
        asyncio.run(migrate_database(owner, out.print))
    out.print("The database is up to date.")


@app.command()
def rotate(
    owner: Annotated[str, typer.Option(envvar="HUB_OWNER", help="DSN of the database's owner.")],
    config: Config = None,
    data: Data = HERE,
) -> None:
    """Turn the wrapping keys over, once a day: what was erased becomes unreadable in backups.

    `faden up` does it by itself. Where services run on several hosts, hand the key ring to all of
    them when the output says that another key begins, and keep no older copy of it.
    """
    from local_hub.rotate import rotate_keys, say_turned

    loaded = Located.find(config, data).read()
    out.print(say_turned(asyncio.run(rotate_keys(loaded.hub, owner))))


def _known(bus: str) -> str:
    if bus not in ("postgresql", "kafka"):
        raise ConfigurationError(f"--bus: {bus} is no bus; write postgresql or kafka")
    return bus


def _print(rows: Rows, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(rows, default=str, ensure_ascii=False, indent=2) + "\n")
        return
    if not rows:
        out.print("Nothing.")
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    out.print(table)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; what is wrong with the configuration is one line and code 2."""
    try:
        app(arguments)
    except ConfigurationError as error:
        sys.stderr.write(f"faden: {error}\n")
        sys.exit(2)
    except Temporary as error:
        sys.stderr.write(f"faden: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
