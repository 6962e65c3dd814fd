"""Structured logs: one JSON object a line, ids and words only, never personal data."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

# A last net below the rule that nothing personal is logged: addresses and numbers that slip in
# through a peer's error text are blotted out.
_PERSONAL = re.compile(r"[^\s<>\"'(,;:=]+@[^\s<>\"'),;]+|\+\d[\d \-/]{6,}\d")


def _blot(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _PERSONAL.sub("***", value)
    return event


def start(service: str, level: str = "INFO") -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _blot,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def place(error: BaseException) -> str:
    """Return where an error arose: its class, file and line, never its text, which may quote."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where
