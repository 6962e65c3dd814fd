"""The ways in: what HylaFAX hands over, and hooks of hosted providers."""
