"""Calls in by a provider's hooks: a menu by keypad, and one entry for each call."""
