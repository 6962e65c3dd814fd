"""A designed mail shows the pictures that came with it, and nothing else."""

from base64 import b64encode

import pytest

from hub_contract.words import Attachment, Body
from workspace import design
from workspace.ask import Bytes

PNG = b"\x89PNG\r\n\x1a\nplan"
DATA = f"data:image/png;base64,{b64encode(PNG).decode()}"
PLAN = {"plan&co@post.example": Bytes("image/png", "inline", PNG)}
SHOWN = '<img alt="Plan" src="cid:plan&amp;co@post.example" width="3">'
# What the channel hands on, and what becomes of it.
TABLE = {
    "a picture": (SHOWN, SHOWN.replace("cid:plan&amp;co@post.example", DATA)),
    "percent-encoded": ('<img src="cid:plan%26co@post.example">', f'<img src="{DATA}">'),
    "twice": (SHOWN * 2, SHOWN.replace("cid:plan&amp;co@post.example", DATA) * 2),
    "one that did not come": ('<img src="cid:x@y.example">', '<img src="cid:x@y.example">'),
    "a link is none": ('<a href="cid:plan%26co@post.example">x</a>',) * 2,
    "words are none": ('<p>&lt;img src="cid:plan%26co@post.example"></p>',) * 2,
    "a name is none": ('<img alt="&lt;img src=&quot;cid:plan%26co@post.example&quot;">',) * 2,
}


def _file(name, kind, size, cid):
    return Attachment(file_name=name, media_type=kind, size=size, content_id=cid)


@pytest.mark.parametrize("name", TABLE)
def test_pictures_are_put_where_the_page_has_them(name):
    before, after = TABLE[name]
    assert design.put_in(before, PLAN) == after


def test_what_browsers_might_run_is_no_picture():
    svg = {"plan&co@post.example": Bytes("image/svg+xml", "inline", b"<svg/>")}
    assert design.put_in(SHOWN, svg) == SHOWN


def test_a_picture_that_is_shown_again_and_again_fills_no_memory(monkeypatch):
    monkeypatch.setattr(design, "MOST_BYTES", 2 * len(PNG))
    assert design.put_in(SHOWN * 9, PLAN).count(DATA) == 2


def test_the_desk_shows_pictures_of_the_same_mail_only(office):
    html = '<p>Hier:</p><img src="cid:plan@post.example"><img src="cid:akte@post.example">'
    files = (
        _file("akte.pdf", "application/pdf", 8, "akte@post.example"),
        _file("plan.png", "image/png", len(PNG), "plan@post.example"),
    )
    office.take_in(
        office.mail(body=Body(text="Hier:", html=html), attachments=files, files=(b"%PDF-1.7", PNG))
    )
    [entry] = office.sql("select id from entry where content is not null")
    with office.client() as desk:
        page = desk.get(f"/e/{entry['id']}/designed")
    assert f'<img src="{DATA}"><img src="cid:akte@post.example">' in page.text
    assert "img-src data:" in page.headers["content-security-policy"]
