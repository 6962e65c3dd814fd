"""`faden services check`: reads definitions of public services and says what is wrong in them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from hub_forms.lint import lint
from hub_forms.read import Faulty, read_service
from hub_forms.shipped import SERVICES


def check_services(folder: Path | None, today: date) -> Iterator[tuple[str, list[str]]]:
    """Yield each file of a folder with its faults; without a folder, those that Faden ships."""
    for path in sorted((folder or SERVICES).glob("*.yaml")):
        try:
            yield path.name, [str(one) for one in lint(read_service(path.read_bytes()), today)]
        except Faulty as error:
            yield path.name, [str(one) for one in error.faults]
