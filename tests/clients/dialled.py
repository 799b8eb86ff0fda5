"""The first address of this machine that webhooks may be sent to where the operator names it; nothing where there is none."""

from __future__ import annotations

import socket
from ipaddress import ip_network

from service.webhooks.addresses import AddressDenied, judge

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def own_addresses() -> list[str]:
    """Addresses that this machine's name has, or that it would speak to others from."""
    found = [str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), None)]
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:  # connecting sends nothing
            try:
                probe.connect((elsewhere, 9))
            except OSError:
                continue
            found.append(str(probe.getsockname()[0]))
    return found


def main() -> None:
    """Print it."""
    for address in own_addresses():
        try:
            print(judge(address, EVERYTHING))
        except AddressDenied:
            continue
        return


if __name__ == "__main__":
    main()
