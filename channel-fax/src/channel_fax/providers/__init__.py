"""What providers say, in our words, and how they are spoken to."""
