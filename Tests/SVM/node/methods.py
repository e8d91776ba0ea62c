"""The methods of the HTTP protocol."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from solders.hash import Hash
from solders.message import from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature

from . import base58
from .encoding import Config, account_json, decode_transaction, matches
from .errors import INVALID_PARAMS, METHOD_NOT_FOUND, MIN_CONTEXT_SLOT_NOT_REACHED, UNSUPPORTED_VERSION
from .errors import RPCError, invalid_params
from .ledger import Ledger, Record, simulation_json

VERSION = "4.1.2"
SLOTS_PER_EPOCH = 432_000
SIGNATURE_FEE = 5_000
MOST_ACCOUNTS = 100
MOST_STATUSES = 256


def pubkey(text: Any) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except (ValueError, TypeError) as error:
        raise RPCError(INVALID_PARAMS, f"Invalid param: {error}") from error


class Methods:
    """Each method `getX` of the protocol is a method here."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.table: dict[str, Callable[..., Any]] = {
            name: getattr(self, name) for name in dir(self) if not name.startswith("_") and name[0].islower()
        }
        for helper in ("ledger", "table", "call"):
            self.table.pop(helper, None)

    def call(self, name: str, params: list[Any]) -> Any:
        method = self.table.get(name)
        if method is None:
            raise RPCError(METHOD_NOT_FOUND, "Method not found")
        # Null is absent, as for Agave: Python's solana writes every option.
        params = [_without_nulls(each) if isinstance(each, dict) else each for each in params]
        self._check_context(params)
        try:
            return method(*params)
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise invalid_params(str(error)) from error

    def _check_context(self, params: list[Any]) -> None:
        for config in params:
            if isinstance(config, dict) and config.get("minContextSlot", 0) > self.ledger.slot:
                raise RPCError(
                    MIN_CONTEXT_SLOT_NOT_REACHED,
                    "Minimum context slot has not been reached",
                    {"contextSlot": self.ledger.slot},
                )

    def _context(self, value: Any) -> dict[str, Any]:
        return {"context": {"apiVersion": VERSION, "slot": self.ledger.slot}, "value": value}

    # The cluster

    def advanceSlot(self, seconds: int) -> dict[str, Any]:
        """No validator's: begins a slot, with the clock put forward, for tests that would wait for hours else."""
        if seconds < 0:
            raise invalid_params("time does not go back")
        self.ledger.tick(seconds)
        blockhash, _ = self.ledger.blockhashes[-1]
        return {"slot": self.ledger.slot, "unixTimestamp": self.ledger.vm.now, "blockhash": blockhash}

    def getHealth(self) -> str:
        return "ok"

    def getVersion(self) -> dict[str, Any]:
        return {"solana-core": VERSION, "feature-set": 0}

    def getGenesisHash(self) -> str:
        return self.ledger.genesis_hash

    def getSlot(self, _: Config | None = None) -> int:
        return self.ledger.slot

    def getBlockHeight(self, _: Config | None = None) -> int:
        return self.ledger.height

    def getBlockTime(self, slot: int) -> int | None:
        return self.ledger.vm.now if slot == self.ledger.slot else None

    def getFirstAvailableBlock(self) -> int:
        return 0

    def getEpochInfo(self, _: Config | None = None) -> dict[str, int]:
        slot = self.ledger.slot
        return {
            "absoluteSlot": slot,
            "blockHeight": self.ledger.height,
            "epoch": slot // SLOTS_PER_EPOCH,
            "slotIndex": slot % SLOTS_PER_EPOCH,
            "slotsInEpoch": SLOTS_PER_EPOCH,
            "transactionCount": len(self.ledger.records),
        }

    def getLatestBlockhash(self, _: Config | None = None) -> dict[str, Any]:
        blockhash, _height = self.ledger.blockhashes[-1]
        last = self.ledger.last_valid_height(blockhash)
        return self._context({"blockhash": blockhash, "lastValidBlockHeight": last})

    def isBlockhashValid(self, blockhash: str, _: Config | None = None) -> dict[str, Any]:
        return self._context(self.ledger.last_valid_height(blockhash) is not None)

    def getMinimumBalanceForRentExemption(self, size: int, _: Config | None = None) -> int:
        return self.ledger.vm.minimum_balance(size)

    def getRecentPrioritizationFees(self, _: list[str] | None = None) -> list[dict[str, int]]:
        slot = self.ledger.slot
        return [{"slot": slot - age, "prioritizationFee": 0} for age in range(min(150, self.ledger.height))]

    def getFeeForMessage(self, message: str, _: Config | None = None) -> dict[str, Any]:
        parsed = from_bytes_versioned(base64.b64decode(message, validate=True))
        if self.ledger.last_valid_height(str(parsed.recent_blockhash)) is None:
            return self._context(None)
        if (fee := self.ledger.fee(parsed)) is not None:
            return self._context(fee)
        return self._context(SIGNATURE_FEE * (parsed.header.num_required_signatures + _precompiles(parsed)))

    # Accounts

    def getBalance(self, key: str, _: Config | None = None) -> dict[str, Any]:
        return self._context(self.ledger.vm.balance(pubkey(key)))

    def getAccountInfo(self, key: str, config: Config | None = None) -> dict[str, Any]:
        account = self.ledger.account(pubkey(key))
        return self._context(None if account is None else account_json(account, config or {}))

    def getMultipleAccounts(self, keys: list[str], config: Config | None = None) -> dict[str, Any]:
        if len(keys) > MOST_ACCOUNTS:
            raise invalid_params(f"Too many inputs provided; max {MOST_ACCOUNTS}")
        return self._context([self.getAccountInfo(key, config)["value"] for key in keys])

    def getProgramAccounts(self, program: str, config: Config | None = None) -> Any:
        config = config or {}
        found = [
            {"pubkey": str(key), "account": account_json(account, config)}
            for key, account in self.ledger.vm.svm.get_program_accounts(pubkey(program))
            if account.lamports > 0 and matches(account, config.get("filters"))
        ]
        return self._context(found) if config.get("withContext") else found

    # Transactions

    def requestAirdrop(self, key: str, lamports: int, _: Config | None = None) -> str:
        return self.ledger.airdrop(pubkey(key), lamports)

    def sendTransaction(self, encoded: str, config: Config | None = None) -> str:
        config = config or {}
        raw = decode_transaction(encoded, config, default="base58")
        return self.ledger.send(raw, skip_preflight=bool(config.get("skipPreflight")))

    def simulateTransaction(self, encoded: str, config: Config | None = None) -> dict[str, Any]:
        config = config or {}
        replace, verify = bool(config.get("replaceRecentBlockhash")), bool(config.get("sigVerify"))
        if replace and verify:
            raise invalid_params("sigVerify may not be used with replaceRecentBlockhash")
        raw = decode_transaction(encoded, config, default="base58")
        transaction = self.ledger.parse(raw)
        replacement = None
        if replace:
            raw, replacement = _replace_blockhash(raw, transaction, self), self.getLatestBlockhash()["value"]
            transaction = self.ledger.parse(raw)
        execution = self.ledger.simulate(transaction, verify=verify)
        value = simulation_json(execution) | {"replacementBlockhash": replacement}
        if config.get("innerInstructions"):
            value["innerInstructions"] = execution.inner
        if (wanted := config.get("accounts")) and execution.after is not None:
            value["accounts"] = [self._after(execution.after, key, wanted) for key in wanted["addresses"]]
        return self._context(value)

    def _after(self, after: dict[str, Any], key: str, config: Config) -> dict[str, Any] | None:
        account = after.get(key) or self.ledger.account(pubkey(key))
        return None if account is None or account.lamports == 0 else account_json(account, config)

    def getSignatureStatuses(self, signatures: list[str], _: Config | None = None) -> dict[str, Any]:
        if len(signatures) > MOST_STATUSES:
            raise invalid_params(f"Too many inputs provided; max {MOST_STATUSES}")
        return self._context([self._status(signature) for signature in signatures])

    def _status(self, text: str) -> dict[str, Any] | None:
        Signature.from_string(text)
        record = self.ledger.records.get(text)
        if record is None:
            return None
        commitment = self.ledger.commitment(record.slot)
        return {
            "slot": record.slot,
            "confirmations": None if commitment == "finalized" else self.ledger.slot - record.slot,
            "err": record.execution.error,
            "status": _status(record),
            "confirmationStatus": commitment,
        }

    def getSignaturesForAddress(self, key: str, config: Config | None = None) -> list[dict[str, Any]]:
        config = config or {}
        found = list(reversed(self.ledger.by_address.get(str(pubkey(key)), [])))
        if (before := config.get("before")) in found:
            found = found[found.index(before) + 1 :]
        if (until := config.get("until")) in found:
            found = found[: found.index(until)]
        return [
            {
                "signature": signature,
                "slot": (record := self.ledger.records[signature]).slot,
                "err": record.execution.error,
                "memo": None,
                "blockTime": record.block_time,
                "confirmationStatus": self.ledger.commitment(record.slot),
            }
            for signature in found[: config.get("limit", 1_000)]
        ]

    def getTransaction(self, signature: str, config: Config | str | None = None) -> dict[str, Any] | None:
        config = {"encoding": config} if isinstance(config, str) else config or {}
        record = self.ledger.records.get(signature)
        if record is None:
            return None
        encoding = config.get("encoding", "json")
        number = 0 if record.transaction.version() == 0 else "legacy"
        known = config.get("maxSupportedTransactionVersion")
        if number == 0 and known is None:
            raise RPCError(
                UNSUPPORTED_VERSION,
                "Transaction version (0) is not supported by the requesting client. Please try the request again with "
                'the following configuration parameter: "maxSupportedTransactionVersion": 0',
            )
        returned = record.execution.return_data
        writes, _reads = record.loaded
        own = len(record.keys) - sum(record.loaded)
        return {
            "slot": record.slot,
            "blockTime": record.block_time,
            **({} if known is None else {"version": number}),
            "transaction": _transaction_json(record, encoding),
            "meta": {
                "err": record.execution.error,
                "status": _status(record),
                "fee": record.execution.fee,
                "preBalances": record.balances_before,
                "postBalances": record.balances_after,
                "innerInstructions": record.execution.inner,
                "logMessages": record.execution.logs,
                "preTokenBalances": [],
                "postTokenBalances": [],
                "rewards": [],
                "loadedAddresses": {
                    "writable": record.keys[own : own + writes],
                    "readonly": record.keys[own + writes :],
                },
                "computeUnitsConsumed": record.execution.units,
                **({} if returned is None else {"returnData": returned}),
            },
        }


def _without_nulls(config: Config) -> Config:
    return {name: value for name, value in config.items() if value is not None}


def _status(record: Record) -> dict[str, Any]:
    error = record.execution.error
    return {"Ok": None} if error is None else {"Err": error}


def _precompiles(message: Any) -> int:
    """Signatures that the precompiled programs of a message verify; they cost as much as those of the transaction."""
    programs = {"Ed25519SigVerify111111111111111111111111111", "KeccakSecp256k11111111111111111111111111111"}
    return sum(
        bytes(each.data)[0]
        for each in message.instructions
        if str(message.account_keys[each.program_id_index]) in programs and each.data
    )


def _replace_blockhash(raw: bytes, transaction: Any, methods: Methods) -> bytes:
    """The bytes with the newest blockhash; the signatures no longer fit, and are not looked at."""
    old = bytes(transaction.message.recent_blockhash)
    new = bytes(Hash.from_string(methods.getLatestBlockhash()["value"]["blockhash"]))
    start = len(raw) - len(bytes(transaction.message))
    at = raw.index(old, start)
    return raw[:at] + new + raw[at + len(old) :]


def _transaction_json(record: Record, encoding: str) -> Any:
    if encoding == "base64":
        return [base64.b64encode(record.raw).decode(), "base64"]
    if encoding == "base58":
        return [base58.encode(record.raw), "base58"]
    message = record.transaction.message
    header = message.header
    lookups = [
        {
            "accountKey": str(each.account_key),
            "writableIndexes": list(each.writable_indexes),
            "readonlyIndexes": list(each.readonly_indexes),
        }
        for each in getattr(message, "address_table_lookups", [])
    ]
    return {
        "signatures": [str(signature) for signature in record.transaction.signatures],
        "message": {
            "accountKeys": [str(key) for key in message.account_keys],
            "header": {
                "numRequiredSignatures": header.num_required_signatures,
                "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
                "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
            },
            "recentBlockhash": str(message.recent_blockhash),
            "instructions": [
                {
                    "programIdIndex": each.program_id_index,
                    "accounts": list(each.accounts),
                    "data": base58.encode(bytes(each.data)),
                    "stackHeight": 1,
                }
                for each in message.instructions
            ],
            **({"addressTableLookups": lookups} if record.transaction.version() == 0 else {}),
        },
    }
