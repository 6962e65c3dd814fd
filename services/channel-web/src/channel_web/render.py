"""Turn what we say into what a citizen reads: pure, for `send` and `receive`."""
