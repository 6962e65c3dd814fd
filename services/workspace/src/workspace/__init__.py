"""The agent's desk: the queue, one timeline, who and what, the answer."""
