"""Says what counts as one asker wherever something is shared out by address."""

import ipaddress


def asker(peer: str) -> str:
    """Return what counts as one asker: an IPv4 address, or the /64 that one line gets of IPv6."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return peer
