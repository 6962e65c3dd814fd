"""The way in: what a browser sends becomes an arrival."""
