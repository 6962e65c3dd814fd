"""The citizen's table: one window in which one person plays both parts, in the local hub only."""
