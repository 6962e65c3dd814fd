"""Say how much of a mail is read: the rest is said in a `Problem`, and stands in the original.

No honest mail comes near. What is not bounded here takes time and memory in proportion to the
mail, which the operator bounds (`smtp.size_limit`).
"""

HEADER_BLOCK = 1024 * 1024  # bytes of the fields of a mail, or of one of its parts
FIELD = 64 * 1024  # bytes of one field, its continuation lines joined
FIELDS = 2_000  # of one block
PARAMETERS = 100  # of one field
PARTS = 1_000  # also files that are written into texts, or lie in a winmail.dat
DEPTH = 100  # parts in parts
SEARCHED = 8  # times the mail's size, and a megabyte, that are searched for boundaries in all
TEXT = 1_000_000  # characters of all texts together; what is longer is a file
ATTRIBUTES = 100  # of one HTML tag
CACHED = 1_024  # bytes of a field that are worth remembering: mailers write the same ones again
OPENED = 3  # times the mail's size, of what is unpacked from what lies in it
RTF = 250_000  # bytes, packed, of a text in winmail.dat; unpacked it may be eight times as many
CALENDAR = 200_000  # characters of a calendar that are read
APPOINTMENTS = 10  # of a mail that are written out
PICTURES = 100  # of a page that are looked for in its plain form
