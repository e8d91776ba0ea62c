"""Borsh and Anchor, as far as the market uses them."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass


def discriminator(namespace: str, name: str) -> bytes:
    return hashlib.sha256(f"{namespace}:{name}".encode()).digest()[:8]


def string(text: str | bytes) -> bytes:
    encoded = text.encode() if isinstance(text, str) else text
    return struct.pack("<I", len(encoded)) + encoded


@dataclass
class Reader:
    data: bytes
    offset: int = 0

    def take(self, count: int) -> bytes:
        if self.offset + count > len(self.data):
            raise ValueError(f"{count} bytes wanted at {self.offset} of {len(self.data)}")
        self.offset += count
        return self.data[self.offset - count : self.offset]

    def unpack(self, layout: str) -> int:
        (value,) = struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))
        return value

    def string(self) -> str:
        return self.take(self.unpack("I")).decode()
