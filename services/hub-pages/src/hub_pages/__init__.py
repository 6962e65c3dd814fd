"""What every page of Faden is made of: look, words, times, forms, headers."""
