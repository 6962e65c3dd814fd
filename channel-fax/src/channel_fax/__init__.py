"""Faxes in and out, by HylaFAX or by a hosted provider."""
