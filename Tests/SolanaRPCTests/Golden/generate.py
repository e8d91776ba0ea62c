"""Writes responses.json: answers of a node and what solders (the Rust SDK's types) reads in them.

Every answer is the JSON that solders writes for a typed value, so that the shapes are Agave's and not ours.
Run with an interpreter that has the requirements of Tests/SVM:  "$(Scripts/venv SVM)" Tests/SolanaRPCTests/Golden/generate.py
The output is the same every time.
"""

import base64
import json
import pathlib
import random

import solders
from solders.account import Account
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.rpc import errors, responses as r
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders import transaction_status as t

random.seed(20261122)
U64 = 2**64 - 1


def some_bytes(count):
    return bytes(random.randrange(256) for _ in range(count))


def key():
    return Pubkey(some_bytes(32))


def signature():
    return Signature(some_bytes(64))


def context():
    return r.RpcResponseContext(slot=random.choice([0, 1, 2**53 + 1, random.randrange(2**40)]), api_version="4.1.2")


def amount():
    return random.choice([0, 1, 2**53 + 1, U64, random.randrange(2**64)])


def fieldless(enum):
    return [getattr(enum, name) for name in dir(enum) if not name.startswith("_") and isinstance(getattr(enum, name), enum)]


INSTRUCTION_ERRORS = fieldless(t.InstructionErrorFieldless) + [
    t.InstructionErrorCustom(code) for code in (0, 1, 6000, 2**32 - 1)
]
TRANSACTION_ERRORS = (
    fieldless(t.TransactionErrorFieldless)
    + [t.TransactionErrorInstructionError(index, error) for index, error in enumerate(INSTRUCTION_ERRORS)]
    + [
        t.TransactionErrorDuplicateInstruction(255),
        t.TransactionErrorInsufficientFundsForRent(7),
        t.TransactionErrorProgramExecutionTemporarilyRestricted(0),
    ]
)


def name_of(error):
    """The name of an error as the Rust enum has it, read from solders' own description of the value."""
    return str(error).split(".")[-1]


def describe(error):
    """What solders reads in an error: its name, and its numbers."""
    if error is None:
        return None
    if isinstance(error, t.TransactionErrorInstructionError):
        inner = error.err
        if isinstance(inner, t.InstructionErrorCustom):
            return {"name": "InstructionError", "index": error.index, "inner": "Custom", "code": inner.code}
        return {"name": "InstructionError", "index": error.index, "inner": name_of(inner)}
    if isinstance(error, t.TransactionErrorDuplicateInstruction):
        return {"name": "DuplicateInstruction", "index": error.index}
    if isinstance(error, t.TransactionErrorInsufficientFundsForRent):
        return {"name": "InsufficientFundsForRent", "index": error.account_index}
    if isinstance(error, t.TransactionErrorProgramExecutionTemporarilyRestricted):
        return {"name": "ProgramExecutionTemporarilyRestricted", "index": error.account_index}
    return {"name": name_of(error)}


def account():
    return Account(
        lamports=amount(),
        data=some_bytes(random.choice([0, 1, 31, 200])),
        owner=key(),
        executable=random.random() < 0.5,
        rent_epoch=amount(),
    )


def read_account(account):
    return account and {
        "lamports": str(account.lamports),
        "owner": str(account.owner),
        "data": account.data.hex(),
        "executable": account.executable,
        "rentEpoch": str(account.rent_epoch),
    }


cases = []


def case(method, answer, expected):
    cases.append({"method": method, "answer": json.loads(answer.to_json()), "expected": expected})


for _ in range(20):
    at, lamports = context(), amount()
    case("getBalance", r.GetBalanceResp(lamports, at), {"slot": str(at.slot), "lamports": str(lamports)})

for index in range(30):
    at, value = context(), (None if index % 5 == 0 else account())
    case("getAccountInfo", r.GetAccountInfoResp(value, at), {"slot": str(at.slot), "account": read_account(value)})

for _ in range(10):
    at = context()
    values = [random.choice([None, account()]) for _ in range(5)]
    case(
        "getMultipleAccounts",
        r.GetMultipleAccountsResp(values, at),
        {"slot": str(at.slot), "accounts": [read_account(value) for value in values]},
    )
    keyed = [r.RpcKeyedAccount(key(), account()) for _ in range(4)]
    case(
        "getProgramAccounts",
        r.GetProgramAccountsWithContextResp(keyed, at),
        {
            "slot": str(at.slot),
            "accounts": [{"address": str(k.pubkey), **read_account(k.account)} for k in keyed],
        },
    )

for _ in range(10):
    at, blockhash, height = context(), Hash(some_bytes(32)), amount()
    case(
        "getLatestBlockhash",
        r.GetLatestBlockhashResp(r.RpcBlockhash(blockhash, height), at),
        {"slot": str(at.slot), "blockhash": str(blockhash), "height": str(height)},
    )

for error in [None] + TRANSACTION_ERRORS:
    at, slot = context(), amount()
    status = t.TransactionStatus(
        slot=slot,
        confirmations=random.choice([None, 5]),
        err=error,
        confirmation_status=random.choice(
            [
                t.TransactionConfirmationStatus.Processed,
                t.TransactionConfirmationStatus.Confirmed,
                t.TransactionConfirmationStatus.Finalized,
            ]
        ),
    )
    case(
        "getSignatureStatuses",
        r.GetSignatureStatusesResp([status, None], at),
        {
            "slot": str(slot),
            "error": describe(error),
            "commitment": name_of(status.confirmation_status).lower(),
        },
    )

for error in [None] + TRANSACTION_ERRORS[::7]:
    at, units = context(), random.randrange(1_400_000)
    case(
        "simulateTransaction",
        r.SimulateTransactionResp(
            r.RpcSimulateTransactionResult(
                err=error, logs=["Program log: ü", "b"], accounts=None, units_consumed=units, return_data=None
            ),
            at,
        ),
        {"error": describe(error), "units": str(units)},
    )

for error in [None] + TRANSACTION_ERRORS[::9]:
    payer = Keypair.from_seed(some_bytes(32))
    message = MessageV0.try_compile(
        payer.pubkey(), [Instruction(key(), some_bytes(9), [AccountMeta(key(), False, True)])], [], Hash(some_bytes(32))
    )
    transaction = VersionedTransaction(message, [payer])
    fee, units, slot = 5_000, random.randrange(1_400_000), random.randrange(2**40)
    meta = t.UiTransactionStatusMeta(
        err=error,
        fee=fee,
        pre_balances=[amount() for _ in range(3)],
        post_balances=[amount() for _ in range(3)],
        inner_instructions=None,
        log_messages=["a"],
        pre_token_balances=None,
        post_token_balances=None,
        rewards=None,
        loaded_addresses=None,
        return_data=None,
        compute_units_consumed=units,
    )
    body = json.loads(
        r.GetTransactionResp(
            t.EncodedConfirmedTransactionWithStatusMeta(
                slot=slot,
                transaction=t.EncodedTransactionWithStatusMeta(transaction=transaction, meta=meta, version=0),
                block_time=1_700_000_000,
            )
        ).to_json()
    )
    # solders writes the legacy form of the text; nodes asked for base64 write a pair.
    body["result"]["transaction"] = [base64.b64encode(bytes(transaction)).decode(), "base64"]
    cases.append(
        {
            "method": "getTransaction",
            "answer": body,
            "expected": {
                "slot": str(slot),
                "error": describe(error),
                "fee": str(fee),
                "units": str(units),
                "id": str(transaction.signatures[0]),
                "pre": [str(x) for x in meta.pre_balances],
                "post": [str(x) for x in meta.post_balances],
            },
        }
    )

for _ in range(10):
    fees = [r.RpcPrioritizationFee(amount(), amount()) for _ in range(4)]
    case(
        "getRecentPrioritizationFees",
        r.GetRecentPrioritizationFeesResp(fees),
        {"fees": [[str(f.slot), str(f.prioritization_fee)] for f in fees]},
    )

for error in [None] + TRANSACTION_ERRORS[::5]:
    status = r.RpcConfirmedTransactionStatusWithSignature(
        signature=signature(), slot=amount(), err=error, memo=random.choice([None, "[2] hi"]), block_time=7
    )
    case(
        "getSignaturesForAddress",
        r.GetSignaturesForAddressResp([status]),
        {
            "signature": str(status.signature),
            "slot": str(status.slot),
            "error": describe(error),
            "memo": status.memo,
        },
    )

for error in TRANSACTION_ERRORS:
    result = r.RpcSimulateTransactionResult(err=error, logs=["x"], accounts=None, units_consumed=5, return_data=None)
    answer = errors.SendTransactionPreflightFailureMessage("failed", result)
    cases.append(
        {"method": "sendTransaction", "answer": json.loads(answer.to_json()), "expected": {"error": describe(error)}}
    )

for slots in (None, 0, 150):
    cases.append(
        {
            "method": "getHealth",
            "answer": json.loads(errors.NodeUnhealthyMessage("behind", errors.NodeUnhealthy(slots)).to_json()),
            "expected": {"slots": slots},
        }
    )

target = pathlib.Path(__file__).with_name("responses.json")
target.write_text(json.dumps({"solders": solders.__version__, "cases": cases}, indent=0, ensure_ascii=False) + "\n")
print(len(cases), "cases")
