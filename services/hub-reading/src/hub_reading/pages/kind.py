"""What a file is, by its first bytes: names and media types of senders are never believed."""

_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PDF_WITHIN = 1024  # bytes: what printers and mail gateways write before the header


def kind_of(raw: bytes) -> str:
    """Return pdf, tiff, jpeg, png or heic; "" for everything else."""
    if raw.startswith(_TIFF):
        return "tiff"
    if raw.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if raw[4:8] == b"ftyp" and raw[8:12] in _HEIC:
        return "heic"
    return "pdf" if b"%PDF-" in raw[:_PDF_WITHIN] else ""
