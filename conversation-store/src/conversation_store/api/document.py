"""Says in the OpenAPI document what every operation has: its name, and its problems (RFC 9457)."""

from typing import Any

from fastapi.routing import APIRoute

from conversation_store.api.shapes import Problem

_TITLES = {
    401: "The service token is missing, forged, expired, or meant for another service",
    403: "The role may not do this",
    404: "There is no such thing in this tenant",
    410: "The content has been erased",
    422: "The request is not valid, or cannot be carried out; `detail` names field and remedy",
    423: "The file is held: harmful software was found in it, or it has not been checked yet",
    503: "A part of the hub is away; nothing was changed, try again",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the responses of these statuses, and of those that every operation has."""
    return {
        status: {
            "description": _TITLES[status],
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status in sorted({401, 403, 422, 503, *statuses})
    }


def by_name(route: APIRoute) -> str:
    """Name the operation as its function: clients are generated from that."""
    return route.name


def add_schema(document: dict[str, Any]) -> None:
    """Put the shape of a problem into the document, which FastAPI's own errors would occupy."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(shape.pop("$defs", {}))
    schemas["Problem"] = shape
