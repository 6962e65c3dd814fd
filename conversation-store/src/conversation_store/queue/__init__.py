"""Many conversations as agents read them: the views of the queue, their counts, the search."""
