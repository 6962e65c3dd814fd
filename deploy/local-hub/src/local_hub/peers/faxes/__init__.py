"""Pretend hosted fax providers, and the fax machines of citizens."""
