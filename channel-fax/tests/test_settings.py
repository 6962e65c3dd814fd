"""What `faden check` says of a line that cannot work."""

from pathlib import Path

import pytest

from channel_fax.settings import Hylafax, _secret_lacks


def test_a_secret_that_is_there_is_no_fault(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x\n")
    assert list(_secret_lacks(Hylafax(secret_file=secret))) == []


FAULTS = {
    "none is named": ({}, "secret_file", "names no secret"),
    "its file is missing": ({"secret_file": "/nowhere"}, "secret_file", "No such file"),
    "the password is missing": (
        {"secret_env": "PATH", "password_file": "/nowhere"},
        "password_file",
        "No such file",
    ),
}


@pytest.mark.parametrize("case", sorted(FAULTS))
def test_each_fault_names_its_key_and_remedy(case: str) -> None:
    said, key, fault = FAULTS[case]
    [lack] = _secret_lacks(Hylafax.model_validate(said))
    assert lack.key.endswith(key)
    assert fault in lack.fault
    assert lack.remedy
