"""Which machines the files of tasks may come from: whoever writes a task must not reach what only this machine can.

A name is looked up once, each address that it has is checked, and the connection goes to a checked one: what the
name means a moment later is not asked again.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from lsal.errors import BadData
from lsal.label_studio.connection import LOOPBACK

PORTS = {"http": 80, "https": 443}
NAT64 = ipaddress.ip_network("64:ff9b::/96")
UNBRACKETED = {ord("["): None, ord("]"): None}
ALLOW = "If you trust it: lsal set media_hosts={}"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Guard:
    """Public addresses, the Label Studio at `server`, and the `hosts` that the user trusts.

    Each of `hosts` is a name, an address or a network such as 10.0.0.0/8; NAME:PORT trusts that port alone.
    """

    def __init__(self, server: str = "", hosts: Sequence[str] = ()) -> None:
        self._named = {one.lower().translate(UNBRACKETED) for one in hosts}
        self._networks = [net for one in hosts if (net := network(one))]
        if place := origin(server):
            names = LOOPBACK if place[1] in LOOPBACK else (place[1],)
            self._named |= {f"{name}:{place[2]}" for name in names}

    def addresses(self, host: str, port: int) -> list[Any]:
        """What `host` may be reached at, as `socket.getaddrinfo` gives it. Raises OSError, and BadData for none."""
        host = host.translate(UNBRACKETED).lower()
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if {host, f"{host}:{port}"} & self._named:
            return found
        good = [one for one in found if self._fits(str(one[4][0]))]
        if not good:
            what = f"Tasks may not have files from '{host}' ({found[0][4][0]}): that is no public address"
            raise BadData(what, ALLOW.format(f"{host}:{port}"))
        return good

    def connect(self, host: str, port: int, timeout: Any, options: Any) -> socket.socket:
        """A connection to `host` at an address that was checked. Raises OSError and BadData."""
        last: OSError | None = None
        for family, kind, protocol, _, there in self.addresses(host, port):
            line = socket.socket(family, kind, protocol)
            try:
                for option in options or ():
                    line.setsockopt(*option)
                line.settimeout(timeout)
                line.connect(there)
                return line
            except OSError as error:
                line.close()
                last = error
        raise last or OSError(f"{host} has no address")

    def _fits(self, address: str) -> bool:
        found = ipaddress.ip_address(address.partition("%")[0])
        return _public(found) or any(found in net for net in self._networks)


def origin(url: str) -> tuple[str, str, int] | None:
    """The scheme, host and port of a web address: what must be the same for a key to be told; None for no such."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname.lower(), parts.port or PORTS[parts.scheme]


def network(text: str) -> Network | None:
    """A network or a single address; None for a name."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _public(address: Address) -> bool:
    """Whether it, and what it may hold of the older kind, is an address of the whole internet."""
    return all(
        one.is_global and not (one.is_multicast or one.is_reserved or one.is_unspecified) for one in _meant(address)
    )


def _meant(address: Address) -> tuple[Address, ...]:
    """What is reached at an address: in place of it, or beside it, what translators and tunnels make of it."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address in NAT64:
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return (address, *(one for one in (address.sixtofour, *(address.teredo or ())) if one))
