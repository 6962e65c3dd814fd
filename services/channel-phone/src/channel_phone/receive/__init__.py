"""The way in: hooks of calls that are under way, and calls whose end nobody told us."""
