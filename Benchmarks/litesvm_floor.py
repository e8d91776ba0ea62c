"""LiteSVM from Python, timing itself: transfers that are signed beforehand, one blockhash for all.

Reads `time transfers COUNT` and `rss` from standard input; answers one number a line: nanoseconds, bytes.
"""

import sys
import time

from solders.account import Account
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction

MADE = 0


def resident() -> int:
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmRSS:"))


def transfers(machine: LiteSVM, count: int) -> int:
    """Lands `count` transfers, each with an amount of its own, and says how long that took without the signing."""
    global MADE
    payer = Keypair.from_seed(bytes([1] * 32))
    receiver = Pubkey(bytes([2] * 32))
    recent = machine.latest_blockhash()
    ready = []
    for number in range(MADE, MADE + count):
        instruction = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=receiver, lamports=1_000_000 + number))
        ready.append(Transaction([payer], Message.new_with_blockhash([instruction], payer.pubkey(), recent), recent))
    MADE += count
    start = time.perf_counter_ns()
    for transaction in ready:
        machine.send_transaction(transaction)
    elapsed = time.perf_counter_ns() - start
    assert machine.get_balance(receiver) > 0
    return elapsed


def main() -> None:
    machine = LiteSVM().with_transaction_history(0)
    payer = Keypair.from_seed(bytes([1] * 32)).pubkey()
    machine.set_account(payer, Account(10**18, b"", Pubkey(bytes(32)), False, 2**64 - 1))
    for line in sys.stdin:
        match line.split():
            case ["time", "transfers", count]:
                print(transfers(machine, int(count)), flush=True)
            case ["rss"]:
                print(resident(), flush=True)
            case _:
                sys.exit(f"unknown request {line!r}")


main()
