"""The citizen's web channel, heard and spoken."""
