"""The way out: one sender for each provider."""
