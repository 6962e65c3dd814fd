"""Nobody outside a channel's package asks which channel it is, and the look for it finds who does."""

import pytest
from tests import seam

# file name, text | what is found there
SEEN = {
    "a comparison": ("a.py", "if x.channel == 'sms': pass", ["compares with 'sms'"]),
    "one of several": ("a.py", "x in {'fax', 'other'}", ["compares with 'fax'"]),
    "within pairs": ("a.py", "x == [('web', 'in')]", ["compares with 'web'"]),
    "a member": ("a.py", "f(\n  Channel.EMAIL)", ["Channel.EMAIL"]),
    "a member by its word": ("a.py", "Channel('paper')", ["Channel('paper')"]),
    "a case": ("a.py", "match x:\n  case 'phone': pass", ["case 'phone'"]),
    "a dict for each": (
        "a.py",
        "A = {'email': 1, 'web': 2}",
        ["keeps something for each of email, web"],
    ),
    "a package": ("a.py", "from channel_web.parse import x", ["names channel_web"]),
    "a package as a word": ("a.py", "A = 'channel_sms'", ["names channel_sms"]),
    "a package's setting": ("a.py", "x = settings.channel_fax", ["names channel_fax"]),
    "SQL": ("a.py", "A = \"where e.channel = 'web' and x\"", ["channel = 'web'"]),
    "a template": ("a.html", "{% if p.kind == 'portal' %}x{% endif %}", ["asks for 'portal'"]),
    "a filter": ("a.html", "{{ x | selectattr('c', 'equalto', 'sms') }}", ["asks for 'sms'"]),
    "a script": ("a.js", 'if (way.channel === "sms") x()', ['=== "sms"']),
    "the members": ("a.py", "for channel in Channel: CHANNELS[channel]", []),
    "the field of a form": ("a.py", "A = {'email': 1}; fields.get('email') == x", []),
    "words in a sentence": ("a.py", "A = 'a fax, a letter'  # by 'web'", []),
    "another name": ("a.py", "channel_website = channel_of(x)", []),
    "plain HTML": ("a.html", '<p id="web">{{ x }}</p>', []),
}


@pytest.mark.parametrize("name", SEEN)
def test_it_is_seen(tmp_path, name):
    file, text, expected = SEEN[name]
    folder = tmp_path / "src" / "workspace"
    folder.mkdir(parents=True)
    (folder / file).write_text(text)
    assert [what for _, what in seam.look(folder / file)] == expected


def test_a_channel_names_itself_and_no_other(tmp_path):
    folder = tmp_path / "src" / "channel_web"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("Channel.WEB\nChannel.EMAIL\nimport channel_web.parse\n")
    assert list(seam.look(folder / "a.py")) == [(2, "Channel.EMAIL")]


def test_a_place_is_told_with_its_line_and_an_idle_allowance_too(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["a", "b"]\n')
    for member in ("a", "b"):
        folder = tmp_path / member / "src" / member
        folder.mkdir(parents=True)
        (folder / "look.py").write_text("\nx == 'sms'\n")
    monkeypatch.setattr(seam, "ALLOWED", {"b/look.py": "needed", "b/other.py": "idle"})
    assert seam.find(tmp_path) == [
        "a/src/a/look.py:2: compares with 'sms'",
        "tests/seam.py: nothing in b/other.py needs it",
    ]


def test_nobody_asks_which_channel_it_is():
    assert seam.find() == []
