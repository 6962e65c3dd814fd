"""A part that stands in one list and not in another is said with both places."""

import shutil
from pathlib import Path

import pytest
from tests.lists import MEMBERS, ROOT, Workspace, compare, compare_installed


@pytest.fixture
def copy(tmp_path) -> Path:
    """What the lists are read from; the code of the members is there by name only."""
    for path in ("pyproject.toml", "README.md", "deploy/local-hub/faden.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    for member in Workspace.read(ROOT).members:
        for pattern in ("pyproject.toml", "src/*/app.py", "tests/conformance.py"):
            for path in (ROOT / member.folder).glob(pattern):
                there = tmp_path / path.relative_to(ROOT)
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, there)
    return tmp_path


def faults(root: Path) -> list[str]:
    return [fault for one in compare(Workspace.read(root)) for fault in one.faults()]


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_this_tree_agrees(copy):
    assert faults(copy) == []
    assert not [f for one in compare_installed(Workspace.read(ROOT)) for f in one.faults()]


@pytest.mark.parametrize(
    ("path", "old", "new", "named"),
    [
        ("pyproject.toml", '"gateway",\n    "workspace"', '"workspace"', ("gateway", "dependencies")),
        ("pyproject.toml", "gateway = { work", "# gateway = { work", ("gateway", "uv.sources")),
        ("pyproject.toml", '    "channel-sms",\n    "conv', '    "conv', ("channel-sms", "testpaths")),
        ("pyproject.toml", '"channel-*/src", ', "", ("channel_email", "ruff.src")),
        ("pyproject.toml", '    "hub_kit",\n', "", ("hub_kit", "root_packages")),
        ("pyproject.toml", "    | channel_web\n", "", ("channel_web", "layers of all")),
        ("pyproject.toml", '    "channel_web",\n]', "]", ("channel_web", "files of a channel")),
        ("pyproject.toml", '"channel_web.parse", "channel_web.render",\n', "\n", ("channel_web.parse", "what is pure")),
        ("pyproject.toml", ', "channel_web.send"', "", ("channel_web.send", "who sees the database")),
        ("gateway/pyproject.toml", ":ABOUT", ":SERVICE", ("gateway", "entry-points")),
        ("deploy/local-hub/faden.yaml", "  workspace:\n", "  desk:\n", ("workspace", "faden.yaml: services")),
        ("README.md", "(gateway/README.md)", "(x)", ("gateway", "README.md: More")),
    ],
)  # fmt: skip
def test_what_is_forgotten_is_named_with_both_places(copy, path, old, new, named):
    name, place = named
    change(copy / path, old, new)
    found = [fault for fault in faults(copy) if fault.startswith(name)]
    assert found
    assert all(MEMBERS in fault and place in fault for fault in found)


def test_what_no_member_is_left_of_is_named_too(copy):
    change(copy / "pyproject.toml", '    "gateway",\n    "deploy', '    "deploy')
    places = " ".join(faults(copy))
    for place in ("uv.sources", "root_packages", "layers of all"):
        assert (
            f"gateway: in pyproject.toml: tool.{place}" in places or f"{place}, but not" in places
        )


def test_a_channel_without_a_driver_is_named(copy):
    (copy / "channel-email" / "tests" / "conformance.py").unlink()
    (fault,) = faults(copy)
    assert fault.startswith("channel_email: in ")
    assert "tests/conformance.py" in fault
