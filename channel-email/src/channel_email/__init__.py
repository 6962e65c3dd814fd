"""E-mail, heard and spoken."""
