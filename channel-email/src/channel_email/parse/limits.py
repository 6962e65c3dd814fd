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
