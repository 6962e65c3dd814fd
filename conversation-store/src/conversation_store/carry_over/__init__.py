"""How entries go from one conversation to another and back, exactly: for agents, and by rule."""
