"""Parties, conversations and the one timeline."""
