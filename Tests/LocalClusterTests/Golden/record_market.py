"""Runs the SVM suite, records every transaction that calls the market program, and keeps a sample in market.jsonl.

    $(Scripts/venv SVM) Tests/LocalClusterTests/Golden/record_market.py                 a sample, for the repository
    $(Scripts/venv SVM) Tests/LocalClusterTests/Golden/record_market.py --all file      every transaction

A record has what one needs to run the transaction again elsewhere: the slot, the time, the blockhash and the accounts
before it; and what the VM made of it: the error, the log, and the accounts that changed. The suite draws fresh keys, so
two runs differ. Record again whenever the program's behaviour changes. The tests replay market.jsonl, or the file that CHAINFERENCE_MARKET_TRACE names.
"""

import base64
import collections
import json
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
SUITE = HERE.parents[1] / "SVM"
sys.path.insert(0, str(SUITE))

import vm.machine  # noqa: E402  (of the SVM suite)

MARKET = "EqXWeMtdejpriCwCeyE48BvoPu1tNXfKaPiRq9ft871V"
# Genesis makes these on every ledger.
GIVEN = ("Sysvar", "NativeLoader", "BPFLoaderUpgradeab1e")
SAMPLES = 2

records = []


def show_account(account):
    if account is None or account.lamports == 0:
        return None
    return {
        "lamports": account.lamports,
        "owner": str(account.owner),
        "data": base64.b64encode(bytes(account.data)).decode(),
    }


def show_error(error):
    kind = type(error).__name__
    if kind == "TransactionErrorInstructionError":
        inner = error.err
        custom = type(inner).__name__ == "InstructionErrorCustom"
        return {"InstructionError": [error.index, {"Custom": inner.code} if custom else str(inner).split(".")[-1]]}
    if kind == "TransactionErrorInsufficientFundsForRent":
        return {"InsufficientFundsForRent": {"account_index": error.account_index}}
    if kind == "TransactionErrorDuplicateInstruction":
        return {"DuplicateInstruction": error.index}
    return str(error).split(".")[-1]


class Recorder:
    """A LiteSVM that remembers what it was sent."""

    def __init__(self, svm):
        self.svm = svm

    def __getattr__(self, name):
        return getattr(self.svm, name)

    def snapshot(self, keys):
        accounts = {key: self.svm.get_account(key) for key in keys}
        return {
            str(key): show_account(account)
            for key, account in accounts.items()
            if account is None or not (account.executable or str(account.owner).startswith(GIVEN))
        }

    def send_transaction(self, transaction):
        message = transaction.message
        called = {str(message.account_keys[call.program_id_index]) for call in message.instructions}
        if MARKET not in called:
            return self.svm.send_transaction(transaction)
        clock = self.svm.get_clock()
        before = self.snapshot(message.account_keys)
        result = self.svm.send_transaction(transaction)
        after = self.snapshot(message.account_keys)
        failed = hasattr(result, "err")
        records.append(
            {
                "slot": clock.slot,
                "time": clock.unix_timestamp,
                "blockhash": str(message.recent_blockhash),
                "transaction": base64.b64encode(bytes(transaction)).decode(),
                "before": before,
                "error": show_error(result.err()) if failed else None,
                "logs": (result.meta() if failed else result).logs(),
                "after": {key: after[key] for key in after if before.get(key) != after[key]},
            }
        )
        return result


class Plugin:
    """Puts a recorder into every machine, and the test's name into its records."""

    def pytest_configure(self):
        begin = vm.machine.VM.__init__

        def initialize(machine, *arguments, **options):
            begin(machine, *arguments, **options)
            machine.svm = Recorder(machine.svm)

        vm.machine.VM.__init__ = initialize

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        first = len(records)
        yield
        for record in records[first:]:
            record["name"] = item.name


def main():
    path = pathlib.Path(sys.argv[2]) if sys.argv[1:2] == ["--all"] else HERE / "market.jsonl"
    unrelated = [SUITE / "test_toolchain.py", SUITE / "test_node.py", SUITE / "test_compute_units.py"]
    ignored = [f"--ignore={file}" for file in unrelated]
    status = pytest.main(["-q", "-p", "no:cacheprovider", *ignored, str(SUITE)], plugins=[Plugin()])
    if status != 0:
        sys.exit(status)
    counts = collections.Counter()
    with path.open("w") as file:
        for record in records:
            # The test with its first parameter, which is the instruction for most, and the outcome make a kind.
            kind = json.dumps([record["name"].split("-")[0].rstrip("]"), record["error"]])
            counts[kind] += 1
            if sys.argv[1:2] == ["--all"] or counts[kind] <= SAMPLES:
                file.write(json.dumps(record, separators=(",", ":")) + "\n")
    print(len(records), "transactions of", len(counts), "kinds,", path.stat().st_size, "bytes kept")


main()
