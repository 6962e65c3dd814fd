"""Where the services lie that Faden ships, for Stadt Musterstadt."""

from pathlib import Path

SERVICES = Path(__file__).parent / "services"
