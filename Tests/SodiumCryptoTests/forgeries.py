"""Writes AllZeroKeyForgeries.swift: signatures that OpenSSL accepts for the all-zero public key.

The key is a point of order 4, so that one in four messages is "signed" by R = identity, S = 0. Run with
`cryptography` 50.0.2 (its OpenSSL accepts them; libsodium, like Solana, must not).
"""

import pathlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

key = Ed25519PublicKey.from_public_bytes(bytes(32))
signature = bytes([1] + [0] * 63)
numbers = []
number = 0
while len(numbers) < 128:
    try:
        key.verify(signature, f"forgery {number}".encode())
        numbers.append(number)
    except InvalidSignature:
        pass
    number += 1

lines = ["/// For which numbers OpenSSL accepts R = identity, S = 0 as a signature of the all-zero key over \"forgery <number>\".",
         "///", "/// Written by `forgeries.py`.", "let allZeroKeyForgeries = ["]
for start in range(0, len(numbers), 16):
    lines.append("    " + ", ".join(map(str, numbers[start : start + 16])) + ",")
lines.append("]")
pathlib.Path(__file__).with_name("AllZeroKeyForgeries.swift").write_text("\n".join(lines) + "\n")
