"""Draws tables in the terminal, in the language of whoever reads them."""
