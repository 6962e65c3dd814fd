"""docs/add-a-channel.md is true: who follows it has a channel, and has touched little else."""

import pytest
from tests.toy_channel import MOST_LINES, MOST_TOUCHED, ROOT, add, change


def test_a_channel_is_added_by_following_the_page():
    added = add()
    assert not added.failed, "\n".join(added.failed)
    assert len(added.touched) <= MOST_TOUCHED, added.touched
    assert added.lines < MOST_LINES
    assert set(added.touched) >= {"pyproject.toml", "uv.lock"}
    assert not (ROOT / added.folder).exists(), "only the copy has it"


def test_a_change_goes_where_its_context_is():
    text = "a\nb\nc\n"
    assert change(text, " b\n+x\n", "file") == "a\nb\nx\nc\n"
    assert change(text, "-a\n+x\n@@\n c\n+y\n", "file") == "x\nb\nc\ny\n"


@pytest.mark.parametrize(
    ("text", "diff", "says"),
    [
        ("a\n", " b\n+x\n", "found 0 times"),
        ("b\nb\n", " b\n+x\n", "found 2 times"),
        ("ab\n", " b\n+x\n", "found 0 times"),
    ],
)
def test_a_page_that_is_no_longer_true_says_where(text, diff, says):
    with pytest.raises(ValueError, match=f"file: {says}.*mend add-a-channel.md"):
        change(text, diff, "file")
