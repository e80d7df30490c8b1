"""Addresses of the internet: what a partner may have us call, and never a machine or network of our own (H18)."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
"""IPv4 in IPv6 dress as RFC 4291 once had it, loopback and unspecified: nothing of the internet is there."""


def public(address: str) -> bool:
    """Whether it is an address of the internet. What carries an IPv4 address within leads there, and is as that is."""
    return all(_public(one) for one in _leads_to(ip_address(address.partition("%")[0])))


def may_be(host: str) -> bool:
    """Whether a host may be of the internet; what a name leads to is looked at when it is sent to."""
    try:
        return public(host)
    except ValueError:
        return "." in host


def _leads_to(given: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    if isinstance(given, IPv4Address):
        return [given]
    if given.ipv4_mapped is not None:
        return [given.ipv4_mapped]
    if given.sixtofour is not None:
        return [given.sixtofour]
    if given.teredo is not None:
        return [*given.teredo]
    if given in _NAT64:
        return [IPv4Address(int(given) & 0xFFFF_FFFF)]
    return [given]


def _public(one: IPv4Address | IPv6Address) -> bool:
    if not one.is_global or one.is_multicast or one.is_reserved:
        return False
    return isinstance(one, IPv4Address) or not (one.is_site_local or one in _COMPATIBLE)
