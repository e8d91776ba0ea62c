#!/usr/bin/env python3
"""Writes special_addresses.json: what Python's `ipaddress` says about the addresses at the edges of every special network.

    python3 special_addresses.py > special_addresses.json

The networks are those of IANA's registries of special-purpose addresses (IPv4 and IPv6), of multicast and of reserved space.
"""
import ipaddress
import json
import sys

NETWORKS = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24
192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4
240.0.0.0/4 255.255.255.255/32
::/128 ::1/128 ::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/32 2001:1::1/128 2001:1::2/128 2001:2::/48 2001:3::/32
2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7
fe80::/10 fec0::/10 ff00::/8 2000::/3
""".split()


def describe(address):
    entry = {
        "address": address.exploded if address.version == 4 else groups(address),
        "global": address.is_global,
        "loopback": address.is_loopback,
        "linkLocal": address.is_link_local,
        "multicast": address.is_multicast,
        "reserved": address.is_reserved,
        "private": address.is_private,
    }
    return entry


def groups(address):
    """Eight groups, so that no two programs have to agree on a spelling."""
    return [int(group, 16) for group in address.exploded.split(":")]


def edges(network):
    first, last = int(network[0]), int(network[-1])
    top = 2 ** network.max_prefixlen - 1
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return [kind(number) for number in (first - 1, first, (first + last) // 2, last, last + 1) if 0 <= number <= top]


addresses = sorted({address for text in NETWORKS for address in edges(ipaddress.ip_network(text))}, key=lambda a: (a.version, a))
v4 = [address for address in addresses if address.version == 4]
embedded = []
for address in v4:
    number = int(address)
    for form, value in (
        ("mapped", 0xFFFF << 32 | number),
        ("nat64", 0x64FF9B << 96 | number),
        ("6to4", 0x2002 << 112 | number << 80 | 1),
    ):
        embedded.append({"form": form, "address": groups(ipaddress.IPv6Address(value)), "inside": str(address)})
json.dump(
    {
        "python": ".".join(map(str, sys.version_info[:3])),
        "v4": [describe(address) for address in v4],
        "v6": [describe(address) for address in addresses if address.version == 6],
        "embedded": embedded,
    },
    sys.stdout,
    separators=(",", ":"),
)
print()
