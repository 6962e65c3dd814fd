"""Services are found by their entry points, without importing them, and say what they need."""

import subprocess
import sys

import pytest

from hub_kit.about import About, about, names

LOOK = """
import sys
from hub_kit.about import names
assert names()
print(*(name for name in names() if name in sys.modules))
"""


def test_asking_for_names_imports_no_service():
    done = subprocess.run([sys.executable, "-c", LOOK], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", names())
def test_each_says_what_it_is(name):
    one = about(name)
    assert isinstance(one, About)
    assert one.name == name
    assert "http" in one.section.model_fields


def test_what_is_not_installed_is_not_found():
    with pytest.raises(LookupError):
        about("channel_pigeon")
