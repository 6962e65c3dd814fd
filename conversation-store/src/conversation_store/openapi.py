"""Prints the OpenAPI document: `python -m conversation_store.openapi > openapi.json`."""

import json
import sys

from fastapi import FastAPI

from conversation_store.app import add_routes


def document() -> str:
    app = FastAPI(
        title="Faden conversation store",
        version="1.0.0",
        description="Conversations, their one timeline, and what agents do with them.",
        license_info={"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
    )
    return json.dumps(add_routes(app).openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
