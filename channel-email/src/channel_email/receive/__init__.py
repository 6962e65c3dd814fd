"""The way in: mails handed over by SMTP or LMTP, and mails fetched from hosted mailboxes."""
