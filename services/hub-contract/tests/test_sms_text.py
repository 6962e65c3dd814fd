"""In how many SMS a text travels, as carriers count."""

import pytest

from hub_contract.sms_text import Alphabet, Segments, count_segments

GSM, UCS = Alphabet.GSM_7, Alphabet.UCS_2


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", Segments(GSM, 1, 160)),
        ("Grüße, Öffnungszeiten: 8–12 Uhr", Segments(UCS, 1, 39)),  # the dash is a long one
        ("Grüße, Öffnungszeiten: 8-12 Uhr", Segments(GSM, 1, 129)),
        ("a" * 160, Segments(GSM, 1, 0)),
        ("a" * 161, Segments(GSM, 2, 153 - 8)),
        ("a" * 306, Segments(GSM, 2, 0)),
        ("a" * 307, Segments(GSM, 3, 152)),
        ("€" * 80, Segments(GSM, 1, 0)),
        ("€" * 81, Segments(GSM, 2, 153 - 10)),  # 76 in the first: the 77th does not fit in whole
        ("a" * 152 + "€" + "a" * 10, Segments(GSM, 2, 141)),
        ("ж" * 70, Segments(UCS, 1, 0)),
        ("ж" * 71, Segments(UCS, 2, 63)),
        ("🐕" * 35, Segments(UCS, 1, 0)),
        ("🐕" * 36, Segments(UCS, 2, 67 - 6)),  # 33 in the first: no pair is cut in two
        ("`", Segments(UCS, 1, 69)),
        ("ç", Segments(UCS, 1, 69)),  # only the capital one is in the alphabet
        ("{[~]}", Segments(GSM, 1, 150)),
    ],
)
def test_a_text_travels_so(text, segments):
    assert count_segments(text) == segments
