"""The pretend post: a letter box whose letters are scanned."""
