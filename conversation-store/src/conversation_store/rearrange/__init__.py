"""What agents do to the shape of timelines: merge, split, move, link persons; undone exactly."""
