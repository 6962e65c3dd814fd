"""Who is at the other end of a session: a mail server that we know, or a stranger.

An address is personal data (it may be somebody's home): it is compared and counted here, and
written down nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Client:
    """`name` is what it calls itself (EHLO); `known`: it is one of our own mail servers."""

    address: IpAddress | None = None
    known: bool = False
    name: str = ""

    @property
    def place(self) -> str:
        """What limits per address count by: of IPv6, a customer's whole network (/64)."""
        if isinstance(self.address, IPv6Address):
            return str(ip_network((self.address, 64), strict=False))
        return str(self.address or "")

    def called(self, name: str | None) -> "Client":
        return replace(self, name=name or "")


def meet(host: str, peers: Sequence[IpNetwork]) -> Client:
    """Return the client at this address; one that cannot be read is a stranger's."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return Client()
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return Client(address, known=any(address in network for network in peers))
