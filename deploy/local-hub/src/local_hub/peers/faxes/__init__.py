"""Pretend faxes: machines of citizens, and the servers and providers that reach them."""
