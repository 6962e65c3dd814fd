"""What a town brings: bad files are refused with file, field and remedy; good ones act nowhere."""

import math
import re
import struct
import zlib
from pathlib import Path

import httpx
import pytest
from httpx import ASGITransport
from lxml import etree

from hub_pages.assets import OWN, Assets
from hub_pages.face import ARMS, NO_FACE, PAGES, parse_face
from hub_pages.face.arms import read_arms
from hub_pages.face.colour import DARK, ENOUGH, LIGHT, contrast, near, read_colours
from hub_pages.face.prose import to_html
from hub_pages.pages import Pages, dialled

SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(inside: str, root: str = 'viewBox="0 0 9 9"') -> bytes:
    return f"<svg {SVG} {root}>\n{inside}\n</svg>".encode()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 2, height: int = 2, *more: bytes, pixels: bytes = bytes(6)) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (
        chunk(b"IHDR", head),
        *more,
        chunk(b"IDAT", zlib.compress(pixels)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def said(faults) -> str:
    return "\n".join(map(str, faults))


def test_without_files_of_its_own_a_town_has_no_more_than_a_name():
    face, faults = parse_face("town", {"face.yaml": b"name: Town"})
    assert (face.name, faults) == ("Town", [])
    assert (face.assets(), face.arms_path, face.style_path) == ({}, "", "")
    assert NO_FACE.text("imprint", "en") == ("en", "")


BAD = [
    ({}, "face.yaml: is missing; write it"),
    ({"face.yaml": b"a: [b\nc: d"}, "face.yaml: line 2: is not YAML; check indent"),
    ({"face.yaml": b"\xff\xff"}, "face.yaml: is not YAML"),
    ({"face.yaml": b"- a"}, "face.yaml: "),
    ({"face.yaml": b"fone: 1"}, "face.yaml: fone: Extra inputs are not permitted; remove it"),
    ({"face.yaml": b"colour: #8a1538"}, "face.yaml: colour: Input should be a valid string; put"),
    ({"face.yaml": b"colour: red"}, "face.yaml: colour: 'red' is no colour; write six hex digits"),
    ({"face.yaml": b"colour_dark: '#ffffff'"}, "colour_dark: stands alone; write colour too"),
    ({"face.yaml": b"phone: call us"}, "face.yaml: phone: "),
    ({"face.yaml": b"phone: 0711"}, "put it in quotes"),
    ({"face.yaml": b"email: rathaus"}, "face.yaml: email: is no address; write name@domain"),
    ({"face.yaml": b"hours: {en: Monday}"}, "face.yaml: hours.de: Field required; add it"),
    ({"face.yaml": b"hours: {de: ''}"}, "face.yaml: hours.de: "),
    ({"face.yaml": b"hours: 8"}, "face.yaml: hours: "),
    ({"face.yaml": b"matters: {dog: {title: Hund}}"}, "matters.dog.about: Field required; add it"),
    ({"face.yaml": b"matters: {a b: {title: a, about: b}}"}, "matters: 'a b' stands in addresses"),
    ({"face.yaml": f"matters: {{d: {{title: {'x' * 81}, about: b}}}}".encode()}, "shorten it"),
    ({"face.yaml": b"signature: |\n  --\n  Town"}, "signature: has a line with --; leave it out"),
    ({"face.yaml": f"name: {'x' * 121}".encode()}, "face.yaml: name: "),
    ({"face.yaml": b"", "impressum.de.md": b"a"}, "impressum.de.md: belongs to no page; name it"),
    ({"face.yaml": b"", "imprint.fr.md": b"a"}, "imprint.fr.md: belongs to no page; name it"),
    ({"face.yaml": b"", "arms.svg": svg(""), "arms.png": png()}, "arms.png: arms.svg is there too"),
    ({"face.yaml": b"", "imprint.de.md": b"\xff"}, "imprint.de.md: is not UTF-8; save it"),
]


@pytest.mark.parametrize(("files", "says"), BAD, ids=lambda value: str(value)[:40])
def test_each_fault_names_file_field_and_remedy(files, says):
    _, faults = parse_face("town", files)
    assert says in said(faults)
    assert all(one.fault and one.remedy and "\n" not in str(one) for one in faults)


def test_all_faults_are_told_at_once():
    files = {"face.yaml": b"fone: 1\nphone: x", "arms.svg": b"x", "imprint.de.md": b"[a](b)"}
    _, faults = parse_face("town", files)
    assert [one.file for one in faults] == ["face.yaml", "face.yaml", "arms.svg", "imprint.de.md"]


def test_what_is_not_said_in_english_is_said_in_german_and_marked():
    files = {"face.yaml": b"hours: Montag\nabout: {de: Wir, en: We}", "imprint.de.md": b"Wir"}
    face, _ = parse_face("town", files)
    assert (face.hours.read("en"), face.hours.language("en")) == ("Montag", "de")
    assert (face.about.read("en"), face.about.language("en")) == ("We", "en")
    assert face.text("imprint", "en") == ("de", '<p class="kern-body">Wir</p>\n')


REFUSED = [
    ("<script>alert(1)</script>", "line 2: <script> may not stand in it"),
    ("<foreignObject><b/></foreignObject>", "<foreignObject> may not stand in it"),
    ("<style>path{fill:red}</style>", "presentation attributes"),
    ("<text>A</text>", "convert the letters to paths"),
    ("<use href='#a'/>", "unlink the clones"),
    ("<image href='data:image/png;base64,AA=='/>", "draw it as shapes"),
    ("<a href='#x'><path/></a>", "<a> may not stand in it"),
    ("<switch><g/></switch>", "<switch> may not stand in it"),
    ("<animate attributeName='d'/>", "<animate> may not stand in it"),
    ("<set attributeName='onload' to='x'/>", "<set> may not stand in it"),
    ("<filter/>", "<filter> may not stand in it"),
    ("<path onclick='x()'/>", "onclick would be run as a script; remove it"),
    ("<path OnLoad='x()'/>", "OnLoad would be run"),
    ("<linearGradient xlink:href='http://x.example/a'/>", "leads out of the picture (href)"),
    ("<path href='//x.example'/>", "leads out of the picture (href)"),
    ("<path fill='url(http://x.example/a)'/>", "fill may not say"),
    ("<path fill='url(//x.example#a)'/>", "fill may not say"),
    ("<path fill='u\\72l(a)'/>", "fill may not say"),
    ("<path fill='image(a)'/>", "fill may not say"),
    ("<path style='fill:url(http://x.example)'/>", "fill may not say"),
    ("<path style='background:url(http://x.example)'/>", "background may not say"),
    ("<path style='cursor:\\75rl(a)'/>", "cursor may not say"),
    ("<clipPath><g clip-path='url(#a)'/></clipPath>", "flatten it"),
    ("<path>", "is not well-formed XML"),
    ("&none;", "is not well-formed XML"),
    ("<g/>" * 2001, "elements, and 2000 are allowed; simplify it"),
    (" " * 200_001, "bytes, and 200000 are allowed; simplify it"),
]


@pytest.mark.parametrize(("inside", "says"), REFUSED, ids=lambda value: value[:40])
def test_arms_that_act_or_lead_elsewhere_are_refused_with_the_line(inside, says):
    arms, faults = read_arms("arms.svg", svg(inside))
    assert arms is None
    assert says in said(faults)
    assert said(faults).startswith("arms.svg: ")


DOCUMENTS = [
    (b'<!DOCTYPE a [<!ENTITY b "c">]>' + svg("&b;"), "line 1: declares entities"),
    (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + svg("&b;"), "declares entities"),
    (b'<!DOCTYPE a [<!ENTITY % b SYSTEM "http://x.example">%b;]>' + svg(""), "declares entities"),
    (svg("").decode().encode("utf-16"), "is not UTF-8"),
    (b"\x89PNG", "is not UTF-8"),
    (b"", "is not well-formed XML"),
    (b"<svg viewBox='0 0 1 1'/>", "is no SVG drawing"),
    (b"<html xmlns='http://www.w3.org/1999/xhtml'/>", "is no SVG drawing"),
    (svg("", ""), "has no viewBox"),
    (svg("", 'width="100%" height="9"'), "has no viewBox"),
    (svg("", 'viewBox="0 0 9 9" onload="x()"'), "onload would be run"),
]


@pytest.mark.parametrize(("data", "says"), DOCUMENTS, ids=lambda value: str(value)[:40])
def test_a_file_that_is_no_plain_drawing_is_refused(data, says):
    arms, faults = read_arms("arms.svg", data)
    assert arms is None
    assert says in said(faults)


def test_what_a_drawing_program_adds_stays_behind():
    doctype = b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x">'
    inside = """<?xml-stylesheet href="http://x.example"?><!-- by Jane --><metadata>Jane</metadata>
      <i:view xmlns:i="urn:i" i:path="/home/jane"><script/></i:view><title>Jane</title>
      <g style="fill:#fff;-i-font:Jane;stroke:url(#a)" id="a" class="jane" data-x="jane">
      <path d="M0 0L1 1z" transform="rotate(4) translate(1,2)" fill="rgb(1, 2, 3)"/>Jane</g>
      <linearGradient id="b" xlink:href="#a"><stop offset="0"/></linearGradient>"""
    arms, faults = read_arms("arms.svg", doctype + svg(inside, 'width="20px" height="10"'))
    assert faults == []
    root = etree.fromstring(arms.data)
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags == ["svg", "g", "path", "linearGradient", "stop"]
    assert root.get("viewBox") == "0 0 20 10"
    assert dict(root[0].attrib) == {"fill": "#fff", "stroke": "url(#a)", "id": "a"}
    assert root[1].get("href") == "#a"
    assert b"jane" not in arms.data.lower()
    assert read_arms("arms.svg", arms.data)[0] == arms


BAD_PNG = [
    (b"GIF89a", "is no whole PNG"),
    (png()[:-3], "is no whole PNG"),
    (png().replace(b"IDAT", b"IDAX"), "is no whole PNG"),
    (png()[:40] + b"\0" + png()[41:], "is no whole PNG"),
    (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "is no whole PNG"),
    (b"\x89PNG\r\n\x1a\n" + chunk(b"tRNS", bytes(8)) + chunk(b"IEND", b""), "pixels"),
    (png(1001, 2), "has 1001 x 2 pixels, and 1000 x 1000 are allowed; save it anew"),
    (png(0, 2), "has 0 x 2 pixels"),
    (png(pixels=bytes(1_000_000)), "is no whole PNG"),  # unpacks to more than its size says
]


@pytest.mark.parametrize(("data", "says"), BAD_PNG, ids=lambda value: str(value)[:30])
def test_a_broken_or_large_png_is_refused(data, says):
    arms, faults = read_arms("arms.png", data)
    assert arms is None
    assert says in said(faults)


def test_of_a_png_only_the_picture_is_served():
    hidden = (chunk(b"tEXt", b"Author\0Jane"), chunk(b"eXIf", b"48.7 N"), chunk(b"iTXt", b"x"))
    arms, faults = read_arms("arms.png", png(2, 2, *hidden) + b"<script>")
    assert (arms.data, faults) == (png(), [])


COLOURS = [
    ("#8a1538", "", ""),
    ("#1b5e9b", "", ""),
    ("#000000", "", ""),
    ("#003366", "#9ec7ff", ""),
    ("#003366", "#003366", "colour_dark: #003366 has a contrast of 1."),
    ("#ffff00", "", "colour: #ffff00 has a contrast of 1."),
    ("#ff0000", "", "a ground of the light scheme, and 4.5:1 is needed"),
    ("#ffffff", "", "write '#"),
]


@pytest.mark.parametrize(("light", "dark", "says"), COLOURS)
def test_a_colour_is_enough_in_both_schemes_or_refused_with_one_that_is(light, dark, says):
    colours, faults = read_colours("face.yaml", light, dark)
    assert says in said(faults)
    assert bool(says) == bool(faults)
    for one in faults:
        offered = re.search(r"'(#[0-9a-f]{6})'", one.remedy)[1]
        grounds = DARK if one.field == "colour_dark" else LIGHT
        assert min(contrast(offered, ground) for ground in grounds) >= ENOUGH
    if not faults:
        assert min(contrast(colours.light, ground) for ground in (*LIGHT, "#ffffff")) >= ENOUGH
        assert min(contrast(colours.dark, ground) for ground in (*DARK, "#000000")) >= ENOUGH


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert near("#8a1538", LIGHT) == "#8a1538"


def test_the_grounds_are_those_of_kern():
    """A newer KERN UX may have others: they are read from its style sheet."""
    sheet = next(OWN.glob("vendor/kern-ux-native-*/kern.css")).read_text(encoding="utf-8")
    used = {name.removeprefix("--kern-color-") for name in GROUNDS}
    found = re.findall(r"--kern-color-([\w-]+): oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)", sheet)
    known = {name: rgb(float(light) / 100, float(c), float(h)) for name, light, c, h in found}
    assert {known[name] for name in used} == {*LIGHT, *DARK}
    for name in GROUNDS:
        assert re.search(rf"-background[\w-]*: var\({name}\)", sheet), name


GROUNDS = [
    f"--kern-color-{name}"
    for name in (
        *("white", "neutral-025", "red-050", "lightblue-050", "turquois-050", "orange-050"),
        *("black", "neutral-950", "neutral-900", "red-900", "lightblue-900", "turquois-900"),
        "orange-900",
    )
]


def rgb(lightness: float, chroma: float, hue: float) -> str:
    """Return an OKLCH colour as sRGB (Ottosson 2020)."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    parts = [min(1.0, max(0.0, one)) for one in linear]
    parts = [12.92 * p if p <= 0.0031308 else 1.055 * p ** (1 / 2.4) - 0.055 for p in parts]
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


BAD_TEXTS = [
    (
        "a\n\n[b](ftp://x.example)",
        "imprint.de.md: line 3: a link may not lead to 'ftp://x.example'",
    ),
    ("[b](javascript:alert(1))", "may not lead to 'javascript:alert(1)'; begin it with https://"),
    ("[b](JaVaScRiPt:x)", "may not lead to"),
    ("[b](data:text/html,x)", "may not lead to"),
    ("[b](//x.example)", "may not lead to"),
    ("[b](/kontakt)", "may not lead to"),
    ("[b](<https://x.example/ y>)", ""),
    ("<ftp://x.example>", "may not lead to"),
    ("[b][1]\n\n[1]: vbscript:x", "may not lead to"),
    ("# A\n\n### B", "line 3: a heading of level 3 follows one of level 1; leave no level out"),
    ("x" * 100_001, "has 100001 bytes, and 100000 are allowed; shorten it"),
]


@pytest.mark.parametrize(("text", "says"), BAD_TEXTS, ids=lambda value: value[:40])
def test_a_text_leads_only_where_links_may_lead(text, says):
    html, faults = to_html("imprint.de.md", text.encode())
    assert says in said(faults)
    assert bool(faults) == bool(says)
    assert not faults or html == ""


HTML = [
    ("<script>alert(1)</script>", "&lt;script&gt;"),
    ('<a href="x" onclick="y">z</a>', "&lt;a href"),
    ("a <img src=x onerror=y> b", "&lt;img"),
    ("![a](http://x.example/b.png)", "!<a"),
    ("[a](https://x.example/?b=1&c='d')", 'href="https://x.example/?b=1&amp;c='),
    ("[a](tel:+49711)", 'href="tel:+49711"'),
    ("<mailto:a@b.example>", 'href="mailto:a@b.example"'),
    ("# A\n\n## B\n\n# C", "<h2 class"),
    ("### A", "<h2 class"),
    ("- a\n- b", '<ul class="kern-list kern-list--bullet">'),
    ("a\\\nb", "a<br />\nb"),
]


@pytest.mark.parametrize(("text", "has"), HTML, ids=lambda value: value[:40])
def test_a_text_becomes_a_part_of_our_page_and_its_html_is_only_shown(text, has):
    html, faults = to_html("imprint.de.md", text.encode())
    assert (faults, has in html) == ([], True)
    assert not re.search(r"<(script|img|h1|[a-z]+[^>]* on\w+=)", html)


@pytest.mark.parametrize(
    ("number", "link"), [("0711 123-0", "07111230"), ("+49 (0)711/1", "+4907111")]
)
def test_a_number_is_dialled_by_its_digits(number, link):
    assert dialled(number) == link


async def test_arms_and_colour_are_files_under_a_hash_and_locked(tmp_path):
    files = {"face.yaml": b"colour: '#8a1538'", "arms.svg": svg("<path/>")}
    face, _ = parse_face("town", files)
    assets = Pages(tmp_path, faces={"town": face}).own
    inside = httpx.AsyncClient(transport=ASGITransport(assets), base_url="http://static")
    arms = await inside.get(assets.path("faces/town/arms.svg"))
    assert arms.headers["content-type"] == "image/svg+xml"
    assert arms.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert arms.headers["cache-control"].endswith("immutable")
    style = await inside.get(assets.path("faces/town/face.css"))
    assert style.headers["content-type"].startswith("text/css")
    assert "action-default: #8a1538" in style.text
    other, _ = parse_face("town", files | {"arms.svg": svg("<rect/>")})
    assert Pages(tmp_path, faces={"town": other}).own.version != assets.version
    assert Assets.read(tmp_path).files == {}
    assert {path.rpartition("/")[2] for path in face.assets()} == {ARMS[0], "face.css"}


def test_the_face_of_the_demo_is_whole():
    folder = Path(__file__).parents[3] / "deploy/local-hub/tenants/musterstadt"
    face, faults = parse_face("town", {path.name: path.read_bytes() for path in folder.iterdir()})
    assert faults == []
    assert set(face.pages) == set(PAGES)
    assert all(set(texts) == {"de", "en"} for texts in face.pages.values())
