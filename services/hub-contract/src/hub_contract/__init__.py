"""What every part of Faden shares: events, ids, references, words."""
