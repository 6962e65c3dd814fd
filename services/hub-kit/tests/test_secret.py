"""Secrets from files and variables; which setting leads nowhere is said by its name."""

import pytest

from hub_kit.secret import read_secret
from hub_kit.settings import ConfigurationError


def test_it_comes_from_a_variable_or_a_file_without_its_line_end(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("geheim mit Ende \r\n")
    monkeypatch.setenv("KEY", "aus der Umgebung")
    assert read_secret("key", None, "") == ""
    assert read_secret("key", tmp_path / "key", "") == "geheim mit Ende "
    assert read_secret("key", tmp_path / "key", "KEY") == "aus der Umgebung"


@pytest.mark.parametrize(
    ("file", "variable", "says"),
    [
        ("none", "", "none: No such file or directory; correct key_file"),
        ("", "KEY", "KEY is not set; set it, or correct key_env"),
        ("binary", "", "binary: is not text in UTF-8; correct key_file"),
    ],
)
def test_what_leads_nowhere_is_named(tmp_path, monkeypatch, file, variable, says):
    monkeypatch.delenv("KEY", raising=False)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError) as said:
        read_secret("key", tmp_path / file if file else None, variable)
    assert str(said.value).endswith(says)
