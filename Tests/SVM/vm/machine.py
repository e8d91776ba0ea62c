"""A LiteSVM with a clock, a size limit and readable results."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass, field, replace
from typing import Any

from solders.account import Account
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from .comparison import Comparison, State

PACKET = 1_232


@dataclass(frozen=True)
class Outcome:
    """What became of a transaction."""

    # None for success, an int for a program's own code, else the name of the error.
    error: int | str | None
    # The index of the instruction that failed.
    failed_instruction: int | None
    units: int
    fee: int
    size: int
    logs: list[str] = field(repr=False)

    @property
    def events(self) -> list[bytes]:
        """The payloads of the `Program data:` lines."""
        prefix = "Program data: "
        return [base64.b64decode(line[len(prefix) :]) for line in self.logs if line.startswith(prefix)]


class VM:
    def __init__(self) -> None:
        self.svm = LiteSVM()
        # The market program's address, when its transactions are to be run natively as well.
        self.compared_program: Pubkey | None = None
        self.wallets = 0
        clock = self.svm.get_clock()
        # LiteSVM starts in 1970, where signed and unsigned times cannot be told apart.
        clock.unix_timestamp = int(time.time())
        self.svm.set_clock(clock)

    # Time

    @property
    def now(self) -> int:
        return self.svm.get_clock().unix_timestamp

    @property
    def slot(self) -> int:
        return self.svm.get_clock().slot

    def advance(self, seconds: int = 0, slots: int = 1) -> None:
        self.set_time(self.now + seconds, self.slot + slots)

    def set_time(self, unix_timestamp: int, slot: int | None = None) -> None:
        if slot is not None and slot != self.slot:
            self.svm.warp_to_slot(slot)
        clock = self.svm.get_clock()
        clock.unix_timestamp = unix_timestamp
        self.svm.set_clock(clock)

    # Accounts

    def minimum_balance(self, size: int) -> int:
        return self.svm.minimum_balance_for_rent_exemption(size)

    def fund(self, key: Pubkey, lamports: int) -> None:
        self.svm.airdrop(key, lamports)

    def keypair(self, lamports: int = 10_000_000_000) -> Keypair:
        """A new wallet; the same ones in the same order for every machine, so that failures can be repeated."""
        self.wallets += 1
        pair = Keypair.from_seed(hashlib.sha256(f"wallet {self.wallets}".encode()).digest())
        if lamports:
            self.fund(pair.pubkey(), lamports)
        return pair

    def balance(self, key: Pubkey) -> int:
        return self.svm.get_balance(key) or 0

    def account(self, key: Pubkey) -> Account | None:
        account = self.svm.get_account(key)
        return account if account is not None and account.lamports > 0 else None

    def data(self, key: Pubkey) -> bytes:
        account = self.account(key)
        if account is None:
            raise KeyError(f"no account {key}")
        return bytes(account.data)

    def set_account(self, key: Pubkey, lamports: int, data: bytes, owner: Pubkey) -> None:
        self.svm.set_account(key, Account(lamports, data, owner))

    # Transactions

    def send(self, instructions: list[Instruction], signers: list[Keypair], limit: int = PACKET) -> Outcome:
        """Run one transaction, paid by the first signer, and check what must hold for every transaction.

        It fits into a packet; lamports are conserved but for the fee; a refused one changes nothing but the payer's
        balance, by the fee.
        """
        self.svm.expire_blockhash()
        blockhash = self.svm.latest_blockhash()
        message = Message.new_with_blockhash(instructions, signers[0].pubkey(), blockhash)
        transaction = Transaction(signers, message, blockhash)
        size = len(bytes(transaction))
        if size > limit:
            raise ValueError(f"a transaction of {size} bytes does not fit into a packet of {limit}")
        before = [self._state(key) for key in message.account_keys]
        result = self.svm.send_transaction(transaction)
        after = [self._state(key) for key in message.account_keys]
        failed = hasattr(result, "err")
        meta = result.meta() if failed else result
        error, index = read_error(result.err()) if failed else (None, None)
        outcome = Outcome(error, index, meta.compute_units_consumed(), meta.fee(), size, meta.logs())
        if failed and index is None and before == after:
            # It did not land at all: not even its fee could be paid.
            return replace(outcome, fee=0)
        assert sum(s.lamports for s in before) - sum(s.lamports for s in after) == meta.fee(), "lamports appeared or vanished"
        if failed:
            payer, paid = before[0], after[0]
            assert before[1:] == after[1:], "a refused transaction changed an account"
            assert replace(payer, lamports=payer.lamports - meta.fee()) == paid, "a refused transaction changed its payer"
        if self.compared_program is not None:
            Comparison.shared().check(self, self.compared_program, message, before, after, outcome)
        return outcome

    def _state(self, key: Pubkey) -> State:
        account = self.account(key)
        if account is None:
            return State(0, b"", Pubkey.default(), executable=False)
        return State(account.lamports, bytes(account.data), account.owner, account.executable)

    def must(self, instructions: list[Instruction], signers: list[Keypair]) -> Outcome:
        """Run a transaction that has to succeed."""
        outcome = self.send(instructions, signers)
        if outcome.error is not None:
            raise AssertionError("\n".join([f"refused: {outcome.error}", *outcome.logs]))
        return outcome


    def refuse(self, error: int | str, instructions: list[Instruction], signers: list[Keypair]) -> Outcome:
        """Run a transaction that has to be refused with this error."""
        outcome = self.send(instructions, signers)
        assert outcome.error == error, "\n".join([f"{outcome.error} instead of {error!r}", *outcome.logs])
        return outcome


def read_error(error: Any) -> tuple[int | str, int | None]:
    """The code or the name of a transaction error, and the index of its instruction."""
    if type(error).__name__ != "TransactionErrorInstructionError":
        return str(error).split(".")[-1], None
    inner = error.err
    if type(inner).__name__ == "InstructionErrorCustom":
        return inner.code, error.index
    return str(inner).split(".")[-1], error.index
