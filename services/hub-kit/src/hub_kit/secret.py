"""Reads passwords and keys, which never stand in the settings themselves, from file or variable."""

import os
from pathlib import Path

from hub_kit.settings import ConfigurationError


def read_secret(name: str, file: Path | None, variable: str) -> str:
    """Return the secret that the settings `<name>_env` or `<name>_file` lead to, the first first.

    Empty where there is neither; `ConfigurationError` says which one leads nowhere. Line ends
    behind it are an editor's, all else is the secret's own.
    """
    if variable:
        if value := os.environ.get(variable):
            return value
        raise ConfigurationError(f"{variable} is not set; set it, or correct {name}_env")
    if not file:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}; correct {name}_file") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: is not text in UTF-8; correct {name}_file") from None
