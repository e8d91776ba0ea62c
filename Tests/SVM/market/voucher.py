"""Vouchers and the Ed25519 instruction that proves them."""

from __future__ import annotations

import struct

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

ED25519_PROGRAM = Pubkey.from_string("Ed25519SigVerify111111111111111111111111111")
LOCK_DURATION = 3_600


def message(request: Pubkey, cumulative: int, locked_at: int) -> bytes:
    return b"\x56\x01" + bytes(request) + struct.pack("<Qq", cumulative, locked_at + LOCK_DURATION)


def header(
    signatures: int = 1,
    padding: int = 0,
    signature_offset: int = 48,
    signature_index: int = 0xFFFF,
    key_offset: int = 16,
    key_index: int = 0xFFFF,
    message_offset: int = 112,
    message_length: int = 50,
    message_index: int = 0xFFFF,
) -> bytes:
    return struct.pack(
        "<BBHHHHHHH",
        signatures,
        padding,
        signature_offset,
        signature_index,
        key_offset,
        key_index,
        message_offset,
        message_length,
        message_index,
    )


def verification(signer: Keypair, signed: bytes, first: bytes | None = None, trailing: bytes = b"") -> Instruction:
    """The canonical instruction: header, key, signature, message; `first` replaces the header."""
    first = header(message_length=len(signed)) if first is None else first
    return Instruction(
        ED25519_PROGRAM, first + bytes(signer.pubkey()) + bytes(signer.sign_message(signed)) + signed + trailing, []
    )
