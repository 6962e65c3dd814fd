"""The pretend carrier: Twilio's interface for the hub, and handsets for citizens."""
