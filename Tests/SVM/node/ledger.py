"""The state behind the protocol: slots, blockhashes, transactions and what became of them."""

from __future__ import annotations

import base64
import hashlib
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from solders.account import Account
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from vm import VM

from . import base58
from .errors import PREFLIGHT_FAILURE, SIGNATURE_VERIFICATION_FAILURE, RPCError, invalid_params
from .errors import transaction_error, transaction_error_text

PACKET = 1_232
# A blockhash is good for this many blocks after its own.
BLOCKHASH_LIFE = 150
# What stands before the addresses in the account of a lookup table.
LOOKUP_TABLE_HEADER = 56
COMPUTE_BUDGET = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
SLOT_HASHES = Pubkey.from_string("SysvarS1otHashes111111111111111111111111111")
ErrorJSON = str | dict[str, Any]


@dataclass(frozen=True)
class Execution:
    """What running a transaction gave."""

    error: ErrorJSON | None
    logs: list[str]
    units: int
    fee: int
    inner: list[Any] = field(default_factory=list)
    return_data: dict[str, Any] | None = None
    # What a simulation leaves the accounts as, by address; nothing if it fails.
    after: dict[str, Account] | None = None


@dataclass(frozen=True)
class Record:
    """A transaction that landed."""

    signature: str
    raw: bytes
    transaction: VersionedTransaction
    slot: int
    block_time: int
    execution: Execution
    # The message's own keys, then those that it looks up to write, then those that it looks up to read.
    keys: list[str]
    loaded: tuple[int, int]
    balances_before: list[int]
    balances_after: list[int]


@dataclass
class Listeners:
    """Whom the ledger tells."""

    slot: list[Callable[[int], None]] = field(default_factory=list)
    record: list[Callable[[Record], None]] = field(default_factory=list)
    account: list[Callable[[Pubkey, Account], None]] = field(default_factory=list)


class Ledger:
    def __init__(self, vm: VM, confirm_after: int = 1, finalize_after: int = 32) -> None:
        self.vm = vm
        # Whether a blockhash is young enough is decided here; LiteSVM knows the newest one only.
        vm.svm.with_blockhash_check(False)
        self.confirm_after, self.finalize_after = confirm_after, finalize_after
        self.height = 0
        # How far the chain's clock has been put forward.
        self.skew = 0
        self.blockhashes: deque[tuple[str, int]] = deque(maxlen=BLOCKHASH_LIFE + 1)
        # Programs refuse a list that is not full, as it has been since the first minutes of every public cluster.
        past = range(self.slot - 1, self.slot - 513, -1)
        self.slot_hashes = deque((struct.pack("<Q", slot) + bytes(32) for slot in past), maxlen=512)
        self.records: dict[str, Record] = {}
        self.by_address: dict[str, list[str]] = {}
        self.listeners = Listeners()
        self.airdrops = 0
        self.faucet = Keypair.from_seed(hashlib.sha256(b"chainference node faucet").digest())
        vm.svm.set_account(self.faucet.pubkey(), Account(10**18, b"", Pubkey(bytes(32)), False, 2**64 - 1))
        self.tick()
        self.genesis_hash = self.blockhashes[0][0]

    # Time

    @property
    def slot(self) -> int:
        return self.vm.slot

    def tick(self, seconds: int = 0) -> None:
        """The next slot, with a block of its own; so much later than the clock says, from then on."""
        self.height += 1
        self.skew += seconds
        self.vm.set_time(max(int(time.time()) + self.skew, self.vm.now), self.slot + 1)
        self.vm.svm.expire_blockhash()
        self._note_slot()
        self.blockhashes.append((str(self.vm.svm.latest_blockhash()), self.height))
        for listener in self.listeners.slot:
            listener(self.slot)

    def _note_slot(self) -> None:
        """The sysvar of the last 512 slots, newest first, which LiteSVM leaves as it was at genesis."""
        self.slot_hashes.appendleft(struct.pack("<Q", self.slot - 1) + bytes(self.vm.svm.latest_blockhash()))
        data = struct.pack("<Q", len(self.slot_hashes)) + b"".join(self.slot_hashes)
        kept = self.vm.svm.get_account(SLOT_HASHES)
        self.vm.svm.set_account(SLOT_HASHES, Account(kept.lamports, data, kept.owner, False, 0))

    def commitment(self, slot: int) -> str:
        age = self.slot - slot
        if age >= self.finalize_after:
            return "finalized"
        return "confirmed" if age >= self.confirm_after else "processed"

    def last_valid_height(self, blockhash: str) -> int | None:
        return next((height + BLOCKHASH_LIFE for known, height in self.blockhashes if known == blockhash), None)

    # Accounts

    def account(self, key: Pubkey) -> Account | None:
        return self.vm.account(key)

    def keys(self, message: Any) -> tuple[list[Pubkey], tuple[int, int]]:
        """All accounts of a message, and how many of them it looks up to write and to read."""
        written, read = [], []
        for lookup in getattr(message, "address_table_lookups", []):
            account = self.account(lookup.account_key)
            data = b"" if account is None else bytes(account.data)[LOOKUP_TABLE_HEADER:]
            addresses = [Pubkey(data[at : at + 32]) for at in range(0, len(data) - 31, 32)]
            written += [addresses[index] for index in lookup.writable_indexes if index < len(addresses)]
            read += [addresses[index] for index in lookup.readonly_indexes if index < len(addresses)]
        return [*message.account_keys, *written, *read], (len(written), len(read))

    # Transactions

    def parse(self, raw: bytes) -> VersionedTransaction:
        if len(raw) > PACKET:
            raise invalid_params(
                f"decoded solana_transaction::versioned::VersionedTransaction too large: {len(raw)} bytes "
                f"(max: {PACKET} bytes)"
            )
        try:
            transaction = VersionedTransaction.from_bytes(raw)
            transaction.sanitize()
        except (ValueError, TypeError) as error:
            raise invalid_params(f"failed to deserialize transaction: {error}") from error
        if bytes(transaction) != raw:
            raise invalid_params("failed to deserialize transaction: trailing bytes")
        return transaction

    def fee(self, message: Any) -> int | None:
        """What LiteSVM would charge for a message, or nothing if it would not come to that."""
        signatures = [Signature.default()] * message.header.num_required_signatures
        self.vm.svm.with_sigverify(False)
        result = self.vm.svm.simulate_transaction(VersionedTransaction.populate(message, signatures))
        self.vm.svm.with_sigverify(True)
        return result.meta().fee() or None

    def simulate(self, transaction: VersionedTransaction, verify: bool = True) -> Execution:
        """Run it and change nothing."""
        if self.last_valid_height(str(transaction.message.recent_blockhash)) is None:
            return Execution("BlockhashNotFound", [], 0, 0)
        if str(transaction.signatures[0]) in self.records:
            return Execution("AlreadyProcessed", [], 0, 0)
        if verify and not all(transaction.verify_with_results()):
            raise RPCError(SIGNATURE_VERIFICATION_FAILURE, "Transaction signature verification failure")
        self.vm.svm.with_sigverify(verify)
        result = self.vm.svm.simulate_transaction(transaction)
        self.vm.svm.with_sigverify(True)
        if hasattr(result, "err"):
            return executed(result.meta(), transaction_error(result.err()))
        after = {str(key): Account.from_bytes(bytes(account)) for key, account in result.post_accounts()}
        return executed(result.meta(), None, after)

    def send(self, raw: bytes, skip_preflight: bool) -> str:
        """Land the transaction; the signature is the answer also when the transaction fails on the chain."""
        transaction = self.parse(raw)
        signature = str(transaction.signatures[0])
        if not skip_preflight:
            self._preflight(transaction)
        stale = self.last_valid_height(str(transaction.message.recent_blockhash)) is None
        if stale or signature in self.records or not all(transaction.verify_with_results()):
            # A validator drops it without a word.
            return signature
        keys, loaded = self.keys(transaction.message)
        before = [self.account(key) for key in keys]
        result = self.vm.svm.send_transaction(transaction)
        failed = hasattr(result, "err")
        meta = result.meta() if failed else result
        error = transaction_error(result.err()) if failed else None
        after = [self.account(key) for key in keys]
        if failed and before[0] == after[0]:
            # Nobody has paid for it: it does not land.
            return signature
        names, *balances = _balances(keys, before, after)
        execution = executed(meta, error)
        self._land(
            Record(signature, raw, transaction, self.slot, self.vm.now, execution, names, loaded, *balances)
        )
        self._tell(keys, before, after)
        return signature

    def _preflight(self, transaction: VersionedTransaction) -> None:
        execution = self.simulate(transaction)
        if execution.error is not None:
            message = f"Transaction simulation failed: {transaction_error_text(execution.error)}"
            raise RPCError(PREFLIGHT_FAILURE, message, simulation_json(execution))

    def airdrop(self, key: Pubkey, lamports: int) -> str:
        """A transfer from the faucet, as a transaction that can be looked up like every other."""
        self.airdrops += 1
        # The count makes each one a message of its own.
        count = struct.pack("<BI", 2, 10_000 + self.airdrops)
        instructions = [
            transfer(TransferParams(from_pubkey=self.faucet.pubkey(), to_pubkey=key, lamports=lamports)),
            Instruction(COMPUTE_BUDGET, count, []),
        ]
        recent = self.vm.svm.latest_blockhash()
        message = Message.new_with_blockhash(instructions, self.faucet.pubkey(), recent)
        signature = self.send(bytes(VersionedTransaction(message, [self.faucet])), skip_preflight=True)
        record = self.records.get(signature)
        if record is None or record.execution.error is not None:
            raise invalid_params("the faucet cannot pay this amount")
        return signature

    def _land(self, record: Record) -> None:
        self.records[record.signature] = record
        for key in record.keys:
            self.by_address.setdefault(key, []).append(record.signature)
        for listener in self.listeners.record:
            listener(record)

    def _tell(self, keys: list[Pubkey], before: list[Account | None], after: list[Account | None]) -> None:
        for key, old, new in zip(keys, before, after, strict=True):
            if old == new:
                continue
            # A closed account belongs to the system program, so that those who watch the program that owned it hear
            # nothing, as on a validator.
            account = new or Account(0, b"", Pubkey.default())
            for listener in self.listeners.account:
                listener(key, account)


def _balances(
    keys: list[Pubkey], before: list[Account | None], after: list[Account | None]
) -> tuple[list[str], list[int], list[int]]:
    lamports = [[0 if account is None else account.lamports for account in each] for each in (before, after)]
    return [str(key) for key in keys], lamports[0], lamports[1]


def executed(meta: Any, error: ErrorJSON | None, after: dict[str, Account] | None = None) -> Execution:
    """What LiteSVM says about a run, in the shapes of the protocol."""
    inner = [
        {
            "index": index,
            "instructions": [
                {
                    "programIdIndex": each.instruction().program_id_index,
                    "accounts": list(each.instruction().accounts),
                    "data": base58.encode(bytes(each.instruction().data)),
                    "stackHeight": each.stack_height(),
                }
                for each in calls
            ],
        }
        for index, calls in enumerate(meta.inner_instructions())
        if calls
    ]
    returned = meta.return_data()
    return_data = None
    if bytes(returned.data):
        encoded = base64.b64encode(bytes(returned.data)).decode()
        return_data = {"programId": str(returned.program_id), "data": [encoded, "base64"]}
    return Execution(error, meta.logs(), meta.compute_units_consumed(), meta.fee(), inner, return_data, after)


def simulation_json(execution: Execution) -> dict[str, Any]:
    return {
        "err": execution.error,
        "logs": execution.logs,
        "accounts": None,
        "unitsConsumed": execution.units,
        "returnData": execution.return_data,
        "innerInstructions": None,
        "replacementBlockhash": None,
        "fee": execution.fee if execution.logs or execution.error is None else None,
    }
