"""SMS in and out, by Twilio."""
