"""The way in: Twilio's hooks, and what is found in its log when a hook never came."""
