"""What programs write above a quotation, in the languages of those who write to us.

The tables beside `test_reply` have the dialects of German and English; here is one row a language.
"""

import pytest

from channel_email.parse.labels import block_length
from channel_email.parse.reply import split_reply

# from, sent, a moment as Outlook writes it, to, subject
BLOCKS = [
    ("Van", "Verzonden", "donderdag 12 maart 2026 10:11", "Aan", "Onderwerp"),
    ("Fra", "Sendt", "12. marts 2026 10:11", "Til", "Emne"),
    ("Från", "Skickat", "den 12 mars 2026 10:11", "Till", "Ämne"),
    ("Fra", "Sendt", "torsdag 12. mars 2026 10:11", "Til", "Emne"),
    ("Lähettäjä", "Lähetetty", "torstai 12. maaliskuuta 2026 10.11", "Vastaanottaja", "Aihe"),
    ("Od", "Odesláno", "čtvrtek 12. března 2026 10:11", "Komu", "Předmět"),
    ("Od", "Odoslané", "štvrtok 12. marca 2026 10:11", "Komu", "Predmet"),
    ("Feladó", "Elküldve", "2026. március 12., csütörtök 10:11", "Címzett", "Tárgy"),
    ("От", "Изпратено", "12 март 2026 г. 10:11", "До", "Относно"),
    ("Шаље", "Послато", "четвртак, 12. март 2026. 10:11", "За", "Тема"),
    ("Šalje", "Poslano", "četvrtak, 12. ožujka 2026. 10:11", "Prima", "Predmet"),
    ("Od", "Poslano", "četrtek, 12. marec 2026 10:11", "Za", "Zadeva"),
    ("De", "Enviado", "jueves, 12 de marzo de 2026 10:11", "Para", "Asunto"),
    ("De", "Enviada em", "quinta-feira, 12 de março de 2026 10:11", "Para", "Assunto"),
    ("מאת", "נשלח", "יום חמישי 12 מרץ 2026 10:11", "אל", "נושא"),
    ("差出人", "送信日時", "2026年3月12日木曜日 10:11", "宛先", "件名"),
    ("보낸 사람", "보낸 날짜", "2026년 3월 12일 목요일 오전 10:11", "받는 사람", "제목"),
    ("Từ", "Đã gửi", "12 Tháng Ba 2026 10:11", "Tới", "Chủ đề"),
    ("Nga", "Dërguar", "e enjte, 12 mars 2026 10:11", "Për", "Subjekti"),
    ("Nuo", "Išsiųsta", "2026 m. kovo 12 d., ketvirtadienis 10:11", "Kam", "Tema"),
    ("No", "Nosūtīts", "ceturtdiena, 2026. gada 12. marts 10:11", "Kam", "Tēma"),
    ("Saatja", "Saadetud", "neljapäev, 12. märts 2026 10:11", "Adressaat", "Teema"),
    ("Од", "Испратено", "12 март 2026 10:11", "До", "Предмет"),
    ("จาก", "ส่ง", "12 มีนาคม 2569 10:11", "ถึง", "เรื่อง"),
    ("寄件者", "寄件日期", "2026年3月12日 上午 10:11", "收件者", "主旨"),
    ("De", "Enviat", "dijous, 12 de març de 2026 10:11", "Per a", "Assumpte"),
    ("Da", "Inviato", "giovedì 12 marzo 2026 10:11", "A", "Oggetto"),
    ("De", "Envoyé", "jeudi 12 mars 2026 10:11", "À", "Objet"),
    ("من", "أُرسلت", "الخميس، ١٢ مارس ٢٠٢٦ ١٠:١١", "إلى", "الموضوع"),
    ("من", "التاريخ", "12/03/2026 10:11 ص", "إلى", "الموضوع"),
    ("Kimden", "Gönderilme Tarihi", "12 Mart 2026 Perşembe 10:11", "Kime", "Konu"),
    ("Від кого", "Дата", "12.03.2026 10:11", "Кому", "Тема"),
    ("Od", "Data", "czwartek, 12 marca 2026 o 10:11", "Do", "Temat"),
    ("Von", "Datum", "Donnerstag, 12. März 2026 um 10:11", "An", "Betreff"),
    ("From", "Date", "Thursday, 12 March 2026 at 10:11", "To", "Subject"),
]
ATTRIBUTIONS = [
    "Op do 12 mrt 2026 om 10:11 schreef Stadt <post@musterstadt.example>:",
    "Den tors 12 mars 2026 kl 10:11 skrev Stadt <post@musterstadt.example>:",
    "Den tor. 12. mar. 2026 kl. 10.11 skrev Stadt <post@musterstadt.example>:",
    "tor. 12. mars 2026 kl. 10:11 skrev Stadt <post@musterstadt.example>:",
    "to 12. maalisk. 2026 klo 10.11 Stadt (post@musterstadt.example) kirjoitti:",
    "čt 12. 3. 2026 v 10:11 odesílatel Stadt <post@musterstadt.example> napsal:",
    "št 12. 3. 2026 o 10:11 Stadt <post@musterstadt.example> napísal(a):",
    "čet, 12. ožu 2026. u 10:11 Stadt <post@musterstadt.example> napisao je:",
    "čet., 12. mar. 2026 ob 10:11 je oseba Stadt <post@musterstadt.example> napisala:",
    "Le jeu. 12 mars 2026 à 10:11, Stadt <post@musterstadt.example> a écrit :",
    "El jue, 12 mar 2026 a las 10:11, Stadt (<post@musterstadt.example>) escribió:",
    "Em qui., 12 de mar. de 2026 às 10:11, Stadt <post@musterstadt.example> escreveu:",
    "Il giorno gio 12 mar 2026 alle ore 10:11 Stadt <post@musterstadt.example> ha scritto:",
    "czw., 12 mar 2026 o 10:11 Stadt <post@musterstadt.example> napisał(a):",
    "чт, 12 мар. 2026 г. в 10:11, Stadt <post@musterstadt.example>:",
    "чт, 12 бер. 2026 р. о 10:11 Stadt <post@musterstadt.example> пише:",
    "чт, 12.03.2026 г. в 10:11 Stadt <post@musterstadt.example> написа:",
    "12 Mar 2026 Per, 10:11 tarihinde Stadt <post@musterstadt.example> şunu yazdı:",
    "În joi, 12 mar. 2026 la 10:11 Stadt <post@musterstadt.example> a scris:",
    "Στις Πέμ 12 Μαρ 2026 στις 10:11 π.μ., ο/η Stadt <post@musterstadt.example> έγραψε:",
    "2026年3月12日(木) 10:11 Stadt <post@musterstadt.example>:",
    "2026년 3월 12일 (목) 오전 10:11, Stadt <post@musterstadt.example>님이 작성:",
    "Stadt <post@musterstadt.example> 于2026年3月12日周四 10:11写道：",
    "Stadt <post@musterstadt.example> 於 2026年3月12日 週四 上午10:11寫道：",
    "\u202bבתאריך יום ה׳, 12 במרץ 2026 ב-10:11 מאת \u202aStadt\u202c\u200f <\u202apost@musterstadt.example\u202c\u200f>:\u202c",
    "في الخميس، 12 مارس 2026 في 10:11 ص تمت كتابة ما يلي بواسطة Stadt <\u202apost@musterstadt.example\u202c\u200f>:\u202c",
    "Vào Th 5, 12 thg 3, 2026 vào lúc 10:11 Stadt <post@musterstadt.example> đã viết:",
    "2026-03-12, kt, 10:11 Stadt <post@musterstadt.example> rašė:",
    "ceturtd., 2026. g. 12. marts, plkst. 10:11 — lietotājs Stadt (<post@musterstadt.example>) rakstīja:",
    "Kuupäev N, 12. märts 2026 kell 10:11 kirjutas Stadt <post@musterstadt.example>:",
    "در تاریخ پنجشنبه ۱۲ مارس ۲۰۲۶ ساعت ۱۰:۱۱ Stadt <\u202apost@musterstadt.example\u202c\u200f> نوشت:",
    "Stadt <post@musterstadt.example> ezt írta (időpont: 2026. márc. 12., Cs, 10:11):",
    "On Thu, 12 Mar 2026 at 10:11, Stadt <post@musterstadt.example> wrote:",
    "Stadt <post@musterstadt.example> schrieb am Do., 12. März 2026, 10:11:",
    "Am Do., 12. März 2026 um 10:11 Uhr schrieb Stadt <post@musterstadt.example>:",
    "Am 12.03.26 um 10:11 schrieb Stadt:",
]
# Told only where `>` lines follow: people write so, too.
ONLY_MARKED = [
    "Missatge de Stadt <post@musterstadt.example> del dia dj., 12 de març 2026 a les 10:11:",
    "Stadt wrote on 12.03.2026 10:11:",
    '"Stadt" <post@musterstadt.example> schrieb:',
    "Zitat von Stadt <post@musterstadt.example>:",
    "Quoting Stadt <post@musterstadt.example>:",
]


@pytest.mark.parametrize("row", BLOCKS, ids=lambda row: "-".join(row[:2]))
def test_blocks_of_labels(row: tuple[str, ...]) -> None:
    sender, sent, moment, to, subject = row
    lines = [
        f"{sender}: Stadt <post@musterstadt.example>",
        *(f"{sent}: {moment}", f"{to}: Petra", f"{subject}: Hund", "", "Guten Tag"),
    ]
    assert block_length(lines, 0, is_reply=True) == 4
    assert block_length([lines[0], f"{sent}: 12.03.2026", *lines[2:]], 0, is_reply=True) == 0
    assert block_length(lines, 0, is_reply=True, authors=["post@musterstadt.example"]) == 0


# Of a language that is in no table.
STRANGE = [
    ("გამგზავნი", "გაგზავნილია", "ხუთშაბათი, 12 მარტი, 2026 10:11", "მიმღები", "თემა"),
    ("प्रेषक", "भेजा गया", "गुरुवार, 12 मार्च 2026 10:11", "प्रति", "विषय"),
    ("Ուղարկող", "Ուղարկված", "12 մարտի 2026 թ. 10:11", "Ում", "Թեմա"),
]


@pytest.mark.parametrize("row", STRANGE, ids=lambda row: "-".join(row[:2]))
def test_blocks_of_labels_that_nobody_has_listed(row: tuple[str, ...]) -> None:
    sender, sent, moment, to, subject = row
    block = [
        f"{sender}: Stadt <post@musterstadt.example>",
        *(f"{sent}: {moment}", f"{to}: Petra <petra@post.example>", f"{subject}: Hund"),
    ]
    text = "\n".join(["Ja.", "", *block, "", "Guten Tag"])
    petra = ["petra@post.example"]
    assert split_reply(text, authors=petra).text == "Ja."
    assert split_reply(text).quoted == ""  # who wrote it is not among the labels
    assert split_reply(text, authors=petra, is_reply=False).quoted == ""
    assert split_reply(text, authors=["post@musterstadt.example", *petra]).quoted == ""
    assert split_reply(text.replace(moment, "2026"), authors=petra).quoted == ""


@pytest.mark.parametrize("mark", ["", "> "])
@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_attributions(line: str, mark: str) -> None:
    body = split_reply(f"Ja.\n\n{line}\n\n{mark}Passt Dienstag?")
    assert (body.text, body.quoted.split("\n")[0]) == ("Ja.", line)
    assert body.quoted.endswith("Passt Dienstag?")


@pytest.mark.parametrize("line", ONLY_MARKED)
def test_attributions_that_people_write_too(line: str) -> None:
    assert split_reply(f"Ja.\n\n{line}\n> Passt Dienstag?").text == "Ja."
    assert split_reply(f"Ja.\n\n{line}\nPasst Dienstag?").quoted == ""
