"""Turn the fields of a form into an event: pure, for `receive`."""
