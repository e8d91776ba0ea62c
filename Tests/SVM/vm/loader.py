"""Deploys a program the way `solana program deploy` does: through the upgradeable loader, whose verifier is strict.

LiteSVM's own `add_program` is lenient and accepts ELF files that a cluster refuses.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account

if TYPE_CHECKING:
    from .machine import VM

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
CLOCK = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
SYSTEM_PROGRAM = Pubkey.default()
CHUNK = 900


def deploy(vm: VM, elf: bytes, program: Keypair, authority: Keypair) -> None:
    """Write the ELF to a buffer in transactions of legal size and deploy the buffer. Raises on any failure."""
    payer = authority.pubkey()
    buffer = Keypair()
    vm.must(
        [
            _create(vm, payer, buffer.pubkey(), 37 + len(elf)),
            Instruction(LOADER, struct.pack("<I", 0), [_meta(buffer.pubkey(), w=True), _meta(payer)]),
        ],
        [authority, buffer],
    )
    for offset in range(0, len(elf), CHUNK):
        chunk = elf[offset : offset + CHUNK]
        data = struct.pack("<IIQ", 1, offset, len(chunk)) + chunk
        vm.must(
            [Instruction(LOADER, data, [_meta(buffer.pubkey(), w=True), _meta(payer, s=True)])], [authority]
        )
    program_data = Pubkey.find_program_address([bytes(program.pubkey())], LOADER)[0]
    vm.must(
        [
            _create(vm, payer, program.pubkey(), 36),
            Instruction(
                LOADER,
                struct.pack("<IQ", 2, len(elf)),
                [
                    _meta(payer, s=True, w=True),
                    _meta(program_data, w=True),
                    _meta(program.pubkey(), w=True),
                    _meta(buffer.pubkey(), w=True),
                    _meta(RENT),
                    _meta(CLOCK),
                    _meta(SYSTEM_PROGRAM),
                    _meta(payer, s=True),
                ],
            ),
        ],
        [authority, program],
    )
    # A program can be called from the slot after its deployment.
    vm.advance(slots=1)


def _create(vm: VM, payer: Pubkey, account: Pubkey, size: int) -> Instruction:
    return create_account(
        CreateAccountParams(
            from_pubkey=payer, to_pubkey=account, lamports=vm.minimum_balance(size), space=size, owner=LOADER
        )
    )


def _meta(key: Pubkey, s: bool = False, w: bool = False) -> AccountMeta:
    return AccountMeta(key, is_signer=s, is_writable=w)
