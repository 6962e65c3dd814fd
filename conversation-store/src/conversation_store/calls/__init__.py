"""Calls at the desk: which ring, what was said, who is to be called back and what came of it."""
