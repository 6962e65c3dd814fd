"""Pretend print houses (Pingen, LetterXpress), a print room, and the citizen's tray."""
