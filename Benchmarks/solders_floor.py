"""The other side of the comparisons: the same work through PyPI solders (Rust behind Python) and borsh-construct (Python).

Reads commands from standard input, one a line, and answers each with one line:

    check NAME         a digest of what the work produces, to be compared with the Swift side's
    time NAME COUNT    the nanoseconds that COUNT repetitions took

The inputs are derived from counters, so that both sides have the same without exchanging them.
"""

from __future__ import annotations

import hashlib
import struct
import sys
import time

from borsh_construct import U8, U64, CStruct, Option
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.token.state import TokenAccount, TokenAccountState
from solders.transaction import Transaction


def numbered(label: str, index: int) -> bytes:
    """32 bytes that depend on a label and a number."""
    return hashlib.sha256(label.encode() + struct.pack("<Q", index)).digest()


PROGRAM = Pubkey(numbered("program", 0))
SEEDS = [[b"request", numbered("client", i), struct.pack("<Q", i)] for i in range(256)]

PAYER = Keypair.from_seed(numbered("payer", 0))
BLOCKHASH = Hash(numbered("blockhash", 0))


def instructions(index: int) -> list[Instruction]:
    accounts = [
        AccountMeta(PAYER.pubkey(), True, True),
        AccountMeta(Pubkey(numbered("request", index)), False, True),
        AccountMeta(Pubkey(numbered("server", index)), False, False),
        AccountMeta(Pubkey(numbered("listing", index)), False, False),
    ]
    return [
        set_compute_unit_limit(20_000),
        set_compute_unit_price(1_000),
        transfer(TransferParams(from_pubkey=PAYER.pubkey(), to_pubkey=Pubkey(numbered("friend", index)), lamports=index)),
        Instruction(PROGRAM, bytes(range(96)), accounts),
    ]


MESSAGES = [instructions(i) for i in range(64)]


def transaction(index: int) -> bytes:
    message = Message.new_with_blockhash(MESSAGES[index % 64], PAYER.pubkey(), BLOCKHASH)
    return bytes(Transaction([PAYER], message, BLOCKHASH))


TOKENS = [
    TokenAccount(
        mint=Pubkey(numbered("mint", i)),
        owner=Pubkey(numbered("owner", i)),
        amount=i,
        delegate=Pubkey(numbered("delegate", i)),
        state=TokenAccountState.Initialized,
        is_native=i,
        delegated_amount=i,
        close_authority=Pubkey(numbered("close", i)),
    )
    for i in range(64)
]
PACKED = [bytes(token) for token in TOKENS]

BORSH = CStruct(
    "mint" / U8[32],
    "owner" / U8[32],
    "amount" / U64,
    "delegate" / Option(U8[32]),
    "state" / U8,
    "is_native" / Option(U64),
    "delegated_amount" / U64,
    "close_authority" / Option(U8[32]),
)
FIELDS = [
    {
        "mint": list(numbered("mint", i)),
        "owner": list(numbered("owner", i)),
        "amount": i,
        "delegate": list(numbered("delegate", i)),
        "state": 1,
        "is_native": i,
        "delegated_amount": i,
        "close_authority": list(numbered("close", i)),
    }
    for i in range(64)
]
ENCODED = [BORSH.build(fields) for fields in FIELDS]


def address(index: int) -> bytes:
    found, bump = Pubkey.find_program_address(SEEDS[index % 256], PROGRAM)
    return bytes(found) + bytes([bump])


WORK = {
    "address": (address, 256),
    "transaction": (transaction, 64),
    "struct-encode": (lambda i: bytes(TOKENS[i % 64]), 64),
    "struct-decode": (lambda i: TokenAccount.from_bytes(PACKED[i % 64]), 64),
    "borsh-encode": (lambda i: BORSH.build(FIELDS[i % 64]), 64),
    "borsh-decode": (lambda i: BORSH.parse(ENCODED[i % 64]), 64),
}


def main() -> None:
    for line in sys.stdin:
        command, name, *rest = line.split()
        work, inputs = WORK[name]
        if command == "check":
            digest = hashlib.sha256()
            for index in range(inputs):
                digest.update(work(index))
            print(digest.hexdigest(), flush=True)
        else:
            count = int(rest[0])
            begin = time.perf_counter_ns()
            for index in range(count):
                work(index)
            print(time.perf_counter_ns() - begin, flush=True)


if __name__ == "__main__":
    main()
