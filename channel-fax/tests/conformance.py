"""Faxes, as the suite of all channels talks to them: by HylaFAX."""
