"""The HTTP interface of the store: for desks, portals and the gateway in front of them."""
