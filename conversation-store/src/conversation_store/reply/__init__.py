"""An answer to a citizen: by which way, what it says around the words, and what is sent."""
