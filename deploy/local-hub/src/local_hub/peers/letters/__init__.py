"""The pretend post: a letter box that is scanned, print houses, a print room, a tray."""
