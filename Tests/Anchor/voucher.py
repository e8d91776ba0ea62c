"""Vouchers, written from `Documentation/market-program.md` alone."""

from __future__ import annotations

import struct

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

ED25519 = Pubkey.from_string("Ed25519SigVerify111111111111111111111111111")
LOCK_DURATION = 3_600


def verification(signer: Keypair, request: Pubkey, cumulative: int, locked_at: int) -> Instruction:
    """The Ed25519 instruction that must stand right before the claim."""
    message = b"\x56\x01" + bytes(request) + struct.pack("<Qq", cumulative, locked_at + LOCK_DURATION)
    header = struct.pack("<BBHHHHHHH", 1, 0, 48, 0xFFFF, 16, 0xFFFF, 112, len(message), 0xFFFF)
    data = header + bytes(signer.pubkey()) + bytes(signer.sign_message(message)) + message
    return Instruction(ED25519, data, [])
