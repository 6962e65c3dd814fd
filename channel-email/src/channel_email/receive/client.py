"""Who is at the other end of a session: a mail server that we know, or a stranger.

An address is personal data (it may be somebody's home): it is compared and counted here, and
written down nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Client:
    """`name` is what it calls itself (EHLO); `known`: it is one of our own mail servers.

    `place` is what limits per address count by: of IPv6, a customer's whole network (/64).
    """

    address: IpAddress | None = None
    known: bool = False
    name: str = ""
    place: str = field(init=False, default="")

    def __post_init__(self) -> None:
        # Once: for each newcomer those of all inside are compared.
        object.__setattr__(self, "place", _place_of(self.address))

    def called(self, name: str | None) -> "Client":
        return replace(self, name=name or "")


def _place_of(address: IpAddress | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or "")


def meet(host: str, peers: Sequence[IpNetwork]) -> Client:
    """Return the client at this address; one that cannot be read is a stranger's."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return Client()
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return Client(address, known=any(address in network for network in peers))
