"""One conversation as somebody reads it: the agent with all around it, the citizen her part."""
