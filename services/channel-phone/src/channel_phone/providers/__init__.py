"""What each provider says and wants to hear; the channel asks them all the same."""
