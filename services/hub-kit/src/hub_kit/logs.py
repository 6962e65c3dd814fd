"""Structured logs: one JSON object a line, ids and words only, never personal data.

What our own code logs is chosen word by word. What libraries log, and what breaks, is not: of an
error only its class and place are written, and addresses and numbers that slip in are blotted out.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

import structlog
from structlog.stdlib import ProcessorFormatter

FRAMES = 3  # of the calls that led to an error
# E-mail addresses, numbers in international and in German national form. Looked for in the finished
# line, where strings lie in quotes.
_PERSONAL = re.compile(
    r"(?<![^\s<>\"'(,;:=@])[^\s<>\"'(,;:=@]++@[^\s<>\"'),;\\]+"
    r"|\+\d[\d \-/().]{6,30}\d"
    r"|(?<![\w.-])0\d{2,4}[ /-]?\d[\d /-]{4,20}\d(?![\w-])"
)
_READABLE = (UUID, Path, datetime)
Event = MutableMapping[str, Any]


def start(service: str, level: str = "INFO") -> None:
    """Send this process's logs to standard output; those of libraries from WARNING on."""

    def add_service(_: Any, __: str, event: Event) -> Event:
        return {"service": service, **event}

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_service,
        _name_error,
    ]
    structlog.configure(
        processors=[*shared, _render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(_say_less)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[ProcessorFormatter.remove_processors_meta, _render],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    sys.excepthook = _log_end


def blot(text: str) -> str:
    """Return a text of others with what looks like an address or a number blotted out."""
    return _PERSONAL.sub("***", text)


def where(error: BaseException) -> str:
    """Return the class of an error and the last calls to it, never its text, which may quote."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    calls = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames)]
    return type(error).__name__ + (" at " + " < ".join(calls) if calls else "")


def _name_error(_: Any, __: str, event: Event) -> Event:
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["error"] = where(error)
    return event


def _render(logger: Any, name: str, event: Event) -> str:
    line = structlog.processors.JSONRenderer(default=_shown)(logger, name, event)
    return blot(str(line))


def _shown(value: object) -> str:
    if isinstance(value, BaseException):
        return where(value)
    return str(value) if isinstance(value, _READABLE) else type(value).__name__


def _say_less(record: logging.LogRecord) -> bool:
    """Cut a library's text to its first line, without the texts of errors in it."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            type(value).__name__ if isinstance(value, BaseException) else value
            for value in record.args
        )
    record.msg, record.args = (record.getMessage().splitlines() or [""])[0], ()
    return True


def _log_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        structlog.get_logger().critical("ended by an error", error=where(error))
