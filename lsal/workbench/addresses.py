"""Which address of the backend Label Studio can use, and what to type when it cannot use the one it got.

A backend listens on loopback. Label Studio in a container, or on another machine, has a loopback
of its own: it needs an address of this machine, and the backend has to listen there. By default
Label Studio also refuses every address in a private network.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil

from lsal.errors import BadRequest, LabelStudioError, Refused, Unreachable
from lsal.label_studio.backend_rows import masked
from lsal.label_studio.connection import on_loopback

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"  # nosec B104  # only if a person asks for it
FROM_CONTAINER = "host.docker.internal"
BRIDGE = "docker0"
PRIVATE = ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")


def checked(address: str) -> str:
    """An address as a person gives it for Label Studio to use, without what lsal adds to it."""
    parts = urlsplit(address.strip())
    try:
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.query or parts.fragment or parts.username:
        raise BadRequest(
            f"'{address}' is no address for the backend", "For example: lsal serve --address http://10.0.0.5:9090"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def port_in(address: str) -> int:
    """The port that an address names for the backend itself; 0 where a proxy may stand before it."""
    parts = urlsplit(address)
    return (parts.port or 0) if parts.scheme == "http" else 0


def refuse_foreign(host: str) -> None:
    """Raise BadRequest if this machine cannot listen on `host`."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.bind((host, 0))
    except OSError as error:
        here = ", ".join(sorted(_here())) or "none"
        fix = f"Choose one of this machine's ({here}), or all of them: lsal serve --host {EVERYWHERE}"
        raise BadRequest(f"This machine cannot listen on '{host}' ({error.strerror or error})", fix) from None


def commands(server: str, port: int) -> list[str]:
    """What to type so that Label Studio at `server` may reach the backend, the likeliest first."""
    return [f"lsal serve --address http://{_bracketed(name)}:{port} --host {host}" for name, host in _names(server)]


def explained(error: LabelStudioError, server: str, address: str, port: int) -> LabelStudioError:
    """The refusal of an ML backend as the user needs it: what Label Studio says, and two ways out."""
    said, ways = masked(error.what), commands(server, port)
    if error.status == 403 and "reserved network" in said:
        found = re.search(r"block: ([\d.:a-f/]+)", said)
        block = found[1] if found else ""
        what = f"Label Studio refuses {address}: addresses in {block or 'its network'} are closed to it"
        return Refused(what, _opening(server, address, block, ways[0]), status=403)
    if "health check failed" in said or "resolve host" in said:
        what = f"Label Studio at {server} cannot reach the backend at {address}"
        fix = f"In a container, or on another machine, it needs another address: {'  or  '.join(ways)}"
        return Unreachable(what, fix, status=error.status)
    if "look like a valid ML backend" in said:
        what = f"Label Studio reaches {address}, but what answers there is not this backend, or is slower than 3 s"
        return LabelStudioError(what, f"Give the address of this one: {ways[0]}", status=error.status)
    return type(error)(said, error.fix, status=error.status)


def variables(address: str, block: str = "") -> str:
    """The variables that open Label Studio to one address and leave the private networks beside it closed.

    `block` is the network by which it refused the address, whose name may mean nothing here.
    """
    closed = [net for net in PRIVATE if net != block and not _inside(address, net)]
    return f"USE_DEFAULT_BANNED_SUBNETS=false USER_ADDITIONAL_BANNED_SUBNETS={','.join(closed)}"


def _opening(server: str, address: str, block: str, way: str) -> str:
    """How to have a refused address accepted, or another one."""
    if on_loopback(address) and not on_loopback(server):  # its own loopback would not lead here
        there = way.split("--address ")[1].split()[0]
        return f"Give it an address of this machine: {way}  If it refuses that too, start it with {variables(there)}"
    other = f"Or, if it runs in a container or elsewhere: {way}" if on_loopback(address) else "Or give another address"
    return f"Start Label Studio with {variables(address, block)}  {other}"


def _names(server: str) -> Iterator[tuple[str, str]]:
    """Names of this machine that `server` may know, each with the address to listen on for it."""
    if not on_loopback(server) and (own := _towards(server)):
        yield own, own
    bridge = _address_of(BRIDGE)
    if bridge:  # on Linux a container reaches its host there
        yield bridge, bridge
    yield FROM_CONTAINER, EVERYWHERE


def _towards(server: str) -> str | None:
    """The address of this machine on the way to `server`; no packet is sent."""
    parts = urlsplit(server)
    try:
        family, kind, _, _, there = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(there)
            return str(probe.getsockname()[0])
    except OSError:
        return None


def _address_of(interface: str) -> str | None:
    there = psutil.net_if_addrs().get(interface, [])
    return next((one.address for one in there if one.family == socket.AF_INET), None)


def _here() -> set[str]:
    return {one.address for there in psutil.net_if_addrs().values() for one in there if one.family == socket.AF_INET}


def _inside(address: str, net: str) -> bool:
    """Whether an address lies in a network; a name that cannot be looked up here lies in none."""
    try:
        found = ipaddress.ip_address(socket.gethostbyname(urlsplit(address).hostname or ""))
    except (OSError, ValueError):
        return False
    return found in ipaddress.ip_network(net)


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name
