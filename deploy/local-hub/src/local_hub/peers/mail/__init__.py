"""A pretend mail server: citizens' mailboxes behind real SMTP, bounces, vacation answers."""
