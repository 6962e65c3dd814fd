"""The way out: what an agent says lies in the portal."""
