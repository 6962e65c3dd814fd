"""Every sentence is there in both languages, and every fault has one."""

import re
from pathlib import Path

import channel_web
from channel_web.parse.form import Wrong
from channel_web.receive.code import Refused
from channel_web.receive.words import SENTENCES, sentences
from channel_web.settings import WebSettings
from hub_pages.catalogue import find_gaps
from hub_pages.pages import Pages

FOLDER = Path(channel_web.__file__).parent


def test_the_english_catalogue_is_whole():
    assert find_gaps(FOLDER) == []


def test_every_fault_that_parse_finds_has_a_sentence():
    text = "".join(path.read_text() for path in FOLDER.rglob("*.py"))
    codes = set(re.findall(r'Wrong\(\s*(?:FIELD|"\w+"), "(\w+)"', text))
    codes |= set(re.findall(r'"((?:file|reference|secret)_\w+)" if \w+ else "\w+"', text))
    codes |= set(re.findall(r'(?:else|return) "((?:file|reference|secret)_\w+)"', text))
    codes |= set(re.findall(r'return "((?:file|reference|secret)_\w+)" if', text))
    codes |= set(Refused)
    assert codes == SENTENCES.keys()


def test_every_sentence_can_be_said_in_both_languages():
    pages = Pages(FOLDER)
    for code in SENTENCES:
        for language in ("de", "en"):
            [fault] = sentences([Wrong("f", code, "100%s.pdf")], pages.say(language), WebSettings())
            assert "%(" not in fault.text
            assert fault.field == "f"


def test_a_fault_nobody_has_words_for_is_told_all_the_same():
    [fault] = sentences([Wrong("f", "news")], Pages(FOLDER).say("de"), WebSettings())
    assert fault.text == "Diese Angabe stimmt nicht. Bitte prüfen Sie sie."
