"""Public services as data: what a transaction needs, asked and answered on every channel."""
