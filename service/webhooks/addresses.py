"""Which addresses may be dialled: the public internet, and private networks that the operator names. Nothing else.

A list of our own, because `ipaddress.is_global` calls global what only carries another address (NAT64 of 127.0.0.1,
6to4) and multicast. What is denied at the core stays denied whatever the operator names.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NEVER: Final = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",  # this host
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, metadata of most clouds
        "100.100.100.200/32",  # metadata, Alibaba
        "168.63.129.16/32",  # platform address, Azure
        "192.0.0.0/24",  # protocol assignments, metadata of Oracle
        "192.0.2.0/24",  # documentation
        "198.51.100.0/24",
        "203.0.113.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",  # discard
        "2001::/32",  # Teredo
        "2001:10::/28",  # ORCHID
        "2001:20::/28",
        "2001:db8::/32",  # documentation
        "3fff::/20",
        "2002::/16",  # 6to4
        "5f00::/16",  # segment routing
        "fd00:ec2::/32",  # metadata, Amazon
        "fd20:ce::/32",  # metadata, Google
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
"""The core deny-list."""

_PUBLIC_SIX: Final = ip_network("2000::/3")
"""All that is routed on the internet is in here."""


class AddressDenied(Exception):  # noqa: N818  names what happened
    """An address that may not be dialled."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.address = address


def judge(address: str, networks: Sequence[Network]) -> Address:
    """The address if it may be dialled; `AddressDenied`. `networks`: private ones that the operator lets be dialled."""
    try:
        parsed = ip_address(address)
    except ValueError:
        raise AddressDenied(address, "no address") from None
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        raise AddressDenied(address, "an address of one link")
    if any(parsed in network for network in _NEVER):
        raise AddressDenied(address, "never dialled")
    if is_private(parsed) and not within(parsed, networks):
        raise AddressDenied(address, "a private network that the operator does not name")
    return parsed


def is_private(address: Address) -> bool:
    """Whether it is an address of some inner network, not of the internet."""
    return not address.is_global or (isinstance(address, IPv6Address) and address not in _PUBLIC_SIX)


def within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether it lies in one of the networks."""
    return any(address in network for network in networks)
