"""What stands in the codes of our own pages is read back, and nothing else is taken for it."""

from uuid import UUID

import pytest

from hub_contract.page_codes import SEPARATOR, read_page_code, write_page_code
from hub_contract.references import find_references

MESSAGES = [UUID(int=0), UUID("0199f5a0-7c1e-7000-8000-0123456789ab"), UUID(int=(1 << 128) - 1)]


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_a_code_is_read_back(message):
    written = write_page_code("384291770608", message)
    assert read_page_code(f" {written}\n") == ("384291770608", message)
    assert find_references(written) == ("384291770608",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        SEPARATOR,
        "384291770608",
        "F:384291770609:" + "1" * 39,  # wrong check digits
        "F:384291770608:" + "9" * 39,  # more than 128 bits
        "F:384291770608:" + "1" * 38,
        "F:384291770608:" + "²" * 39,
        "X:384291770608:" + "1" * 39,
        "F:384291770608:" + "1" * 39 + ":2",
    ],
    ids=range(9),
)
def test_other_codes_are_none_of_ours(text):
    assert read_page_code(text) is None
