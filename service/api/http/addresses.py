"""Origin of a request: the address that counts for limits, and whether it is this machine.

Behind a proxy the address is the one the proxy tells of, but only if the proxy is configured (TAIZHANG_TRUSTED_PROXIES):
the server puts it into the request's scope then. Of everybody else a forwarded address is a mere claim.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import Scope

FORWARDED: Final = re.compile(
    rb"forwarded|via|x-forwarded-.*|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-.*|true-client-ip|cf-connecting-ip"
)
"""Headers that proxies add."""
_HERE: Final = re.compile(
    rb"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]|\[::ffff:127(?:\.[0-9]{1,3}){3}\]", re.IGNORECASE
)
"""Hosts by which this machine is asked on this machine. By another name it is asked through a proxy that adds nothing, or
by a page whose name was made to point here.
"""
_PORT: Final = re.compile(rb":[0-9]{1,5}\Z")
NOBODY: Final = "-"
"""Instead of an address that is not known."""


def network_of(host: str) -> str:
    """What counts as one sender: an IPv4 address, or the /64 network that one IPv6 subscriber is given."""
    try:
        address = ip_address(host)
    except ValueError:
        return NOBODY
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False))
    return str(address)


def address_of(scope: Scope) -> str | None:
    """The address a request comes from, to the last figure; None where it is not known."""
    client = scope.get("client")
    try:
        address = ip_address(client[0]) if client else None
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return None if address is None else str(address)


def sender_of(scope: Scope) -> str:
    """The sender of a request, as `network_of` counts."""
    client = scope.get("client")
    return network_of(client[0]) if client else NOBODY


def is_local(scope: Scope) -> bool:
    """Whether a request was sent on this machine, to this machine, and reached us without a proxy."""
    client = scope.get("client")
    try:
        address = ip_address(client[0]) if client else None
    except ValueError:
        return False
    if address is None or any(FORWARDED.fullmatch(name) for name, _ in scope["headers"]):
        return False
    hosts = [_PORT.sub(b"", value) for name, value in scope["headers"] if name == b"host"]
    if not all(_HERE.fullmatch(host) for host in hosts):
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
