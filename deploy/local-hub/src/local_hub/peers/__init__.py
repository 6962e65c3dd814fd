"""The pretend outside world: what citizens and providers are to a hub on one machine."""
