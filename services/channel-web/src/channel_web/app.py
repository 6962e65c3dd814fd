"""Puts the web channel together."""
