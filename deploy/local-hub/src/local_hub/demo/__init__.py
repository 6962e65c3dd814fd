"""`faden demo`: real mails in, one timeline, an answer out and back, shown and checked."""
