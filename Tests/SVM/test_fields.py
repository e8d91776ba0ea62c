"""The same transactions to the local cluster and to the node over the real VM: every field of the answers is compared.

Each transaction is made twice from the same instructions and keys, with each cluster's own blockhash. What may differ is
listed in `OWN`, with the reason; nothing else may.
"""

from __future__ import annotations

import base64
import json
import os
import re
import struct
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from market.accounts import Request
from market.instructions import MarketProgram, RequestTerms
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import ID as SYSTEM
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.transaction import VersionedTransaction
from world import MODEL, program_path, seeded

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = MarketProgram(seeded("chainference localnet program").pubkey())
BUDGET = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
TABLES = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
RECENT = Pubkey.from_string("SysvarRecentB1ockHashes11111111111111111111")
RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
SOL = 1_000_000_000
MEMO_KEY = str(MEMO)

# Fields that are each cluster's own, by name, and why.
OWN = {
    "slot": "each cluster counts its own slots",
    "blockTime": "each cluster has its own clock",
    "confirmations": "depends on when one asks",
    "confirmationStatus": "depends on when one asks",
    "recentBlockhash": "each cluster has its own blockhashes",
    "signatures": "they sign the blockhash",
    "replacementBlockhash": "each cluster has its own blockhashes",
}

# Members that only the local cluster answers with, and why.
CLUSTER_ONLY = {
    "loadedAccountsDataSize": "LiteSVM does not tell how much it loads",
    "preBalances": "in simulations; LiteSVM tells nothing from before",
    "postBalances": "in simulations; LiteSVM tells nothing of the payer of one that fails",
    "preTokenBalances": "in simulations; always empty",
    "postTokenBalances": "in simulations; always empty",
    "loadedAddresses": "in simulations; LiteSVM tells nothing of them",
}

# The programs that a validator runs as SBF; the local cluster estimates what they use.
ESTIMATED = {str(PROGRAM.id), str(MEMO), str(TABLES)}
UNITS = re.compile(r"^(Program (\w+) consumed) \d+ of \d+ compute units$")


class Chain:
    """One of the two clusters, spoken to by hand."""

    def __init__(self, name: str, url: str) -> None:
        self.name, self.url = name, url

    def ask(self, method: str, *params: Any) -> dict[str, Any]:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def call(self, method: str, *params: Any) -> Any:
        answer = self.ask(method, *params)
        assert "error" not in answer, (self.name, method, answer)
        return answer["result"]

    def blockhash(self) -> Hash:
        return Hash.from_string(self.call("getLatestBlockhash", {"commitment": "processed"})["value"]["blockhash"])


@pytest.fixture(scope="module")
def chains() -> Iterator[list[Chain]]:
    """The local cluster and the node over LiteSVM, both with the market."""
    binaries = Path(os.environ.get("CHAINFERENCE_BINARIES", ROOT / ".build" / "debug"))
    localnet = [binaries / "chainference-localnet", "--rpc-port", "0", "--slot-milliseconds", "100"]
    node = [sys.executable, "-m", "node", "--program", program_path(), "--port", "0", "--slot-milliseconds", "100"]
    with (
        subprocess.Popen([str(each) for each in localnet], stdout=subprocess.PIPE, text=True) as first,
        subprocess.Popen([str(each) for each in node], cwd=HERE, stdout=subprocess.PIPE, text=True) as second,
    ):
        try:
            assert first.stdout is not None and second.stdout is not None
            banner = first.stdout.readline().split()
            ready = dict(word.split("=", 1) for word in second.stdout.readline().split()[1:])
            yield [Chain("local cluster", banner[1]), Chain("LiteSVM", ready["rpc"])]
        finally:
            first.terminate()
            second.terminate()


@dataclass
class Case:
    """A transaction: what it says, who signs, and what is done to it."""

    name: str
    # Made for each cluster, because some instructions name a slot or an account's state of that cluster.
    make: Callable[[Chain], list[Instruction]]
    signers: list[Keypair]
    tables: Callable[[Chain], list[AddressLookupTableAccount]] | None = None
    tamper: Callable[[VersionedTransaction], bytes] | None = None
    blockhash: Callable[[Chain], Hash] | None = None
    # Accounts to look at afterwards, beside those of the instructions.
    accounts: list[Pubkey] = field(default_factory=list)
    # Whether a slot is part of an address: then addresses are compared by their place.
    own_addresses: bool = False
    # Whether a slot is part of the instruction's data.
    own_data: bool = False


def signed(case: Case, chain: Chain) -> VersionedTransaction:
    instructions = case.make(chain)
    recent = case.blockhash(chain) if case.blockhash else chain.blockhash()
    payer = case.signers[0].pubkey()
    if case.tables:
        built: Any = MessageV0.try_compile(payer, instructions, case.tables(chain), recent)
    else:
        built = Message.new_with_blockhash(instructions, payer, recent)
    by_key = {signer.pubkey(): signer for signer in case.signers}
    keys = built.account_keys[: built.header.num_required_signatures]
    content = b"\x80" + bytes(built)[bytes(built)[0] == 0x80 :] if case.tables else bytes(built)
    signatures = [by_key[key].sign_message(content) if key in by_key else Signature.default() for key in keys]
    return VersionedTransaction.populate(built, signatures)


def normal(value: Any, rename: dict[str, str], simulation: bool = False) -> Any:
    """A value without what is each cluster's own."""
    if isinstance(value, dict):
        left_out = OWN.keys() | (CLUSTER_ONLY.keys() if simulation else set())
        found = {name: normal(each, rename, simulation) for name, each in value.items() if name not in left_out}
        if any(name in json.dumps(value.get("logs") or value.get("logMessages") or "") for name in ESTIMATED):
            for name in ("unitsConsumed", "computeUnitsConsumed"):
                if name in found:
                    assert isinstance(found.pop(name), int)
        return found
    if isinstance(value, list):
        return [normal(each, rename, simulation) for each in value]
    if isinstance(value, str):
        match = UNITS.match(value)
        if match and match[2] in ESTIMATED:
            return match[1]
        for own, shared in rename.items():
            value = value.replace(own, shared)
    return value


def observe(chain: Chain, case: Case) -> dict[str, Any]:
    """Everything that a cluster answers about a transaction, before and after it lands."""
    transaction = signed(case, chain)
    wire = case.tamper(transaction) if case.tamper else bytes(transaction)
    encoded = base64.b64encode(wire).decode()
    base = {"encoding": "base64"}
    processed = {**base, "commitment": "processed"}
    keys = sorted({str(meta.pubkey) for each in case.make(chain) for meta in each.accounts} | set(map(str, case.accounts)))
    rename = {}
    if case.own_addresses:
        places = [str(m.pubkey) for each in case.make(chain) for m in each.accounts]
        rename = {key: f"<account {at}>" for at, key in reversed(list(enumerate(places))) if key not in FIXED}
        keys = [key for key in keys if key in FIXED]
    seen: dict[str, Any] = {}
    options = {**processed, "innerInstructions": True, "accounts": {"encoding": "base64", "addresses": keys[:4]}}
    seen["simulateTransaction"] = chain.ask("simulateTransaction", encoded, options)
    seen["simulate, verified"] = chain.ask("simulateTransaction", encoded, {**processed, "sigVerify": True})
    unmade = {**processed, "replaceRecentBlockhash": True}
    seen["simulate, replaced"] = chain.ask("simulateTransaction", encoded, unmade)
    seen["preflight"] = None
    sent = chain.ask("sendTransaction", encoded, {**base, "preflightCommitment": "processed"})
    if "error" in sent:
        seen["preflight"] = sent["error"]
        sent = chain.ask("sendTransaction", encoded, {**base, "skipPreflight": True})
    seen["sent"] = "result" in sent or sent
    signature = str(transaction.signatures[0])
    seen["getSignatureStatuses"] = chain.call("getSignatureStatuses", [signature])["value"]
    seen["again"] = chain.ask("sendTransaction", encoded, {**base, "preflightCommitment": "processed"}).get("error")
    wanted = {"encoding": "json", "commitment": "confirmed", "maxSupportedTransactionVersion": 0}
    landed = seen["getSignatureStatuses"][0] is not None
    while landed and chain.call("getTransaction", signature, wanted) is None:
        pass
    seen["getTransaction"] = chain.ask("getTransaction", signature, wanted)
    for key in keys:
        seen[f"getAccountInfo {key}"] = chain.call("getAccountInfo", key, processed)["value"]
        seen[f"getBalance {key}"] = chain.call("getBalance", key, processed)["value"]
    simulations = ("simulateTransaction", "simulate, verified", "simulate, replaced", "preflight", "again")
    leave_out_own(seen, case)
    if case.tables:
        rename[str(case.tables(chain)[0].key)] = "<table>"
    found = {name: normal(each, rename, name in simulations) for name, each in seen.items()}
    if case.own_addresses and found["getTransaction"]["result"] is not None:
        by_name(found["getTransaction"]["result"])
    if case.blockhash is None and case.tamper is None:
        content = base64.b64encode(bytes(transaction.message)).decode()
        if not case.tables:
            found["getFeeForMessage"] = chain.call("getFeeForMessage", content, {"commitment": "processed"})["value"]
    return found


def by_name(landed: dict[str, Any]) -> None:
    """Replaces the places of accounts by their names: messages sort them by addresses, which a slot may be part of."""
    content, meta_ = landed["transaction"]["message"], landed["meta"]
    keys = content["accountKeys"] + meta_["loadedAddresses"]["writable"] + meta_["loadedAddresses"]["readonly"]
    content["accountKeys"] = sorted(content["accountKeys"])
    calls = [call for each in meta_["innerInstructions"] for call in each["instructions"]]
    for instruction in [*content["instructions"], *calls]:
        instruction["accounts"] = [keys[index] for index in instruction["accounts"]]
        instruction["programIdIndex"] = keys[instruction["programIdIndex"]]
    for name in ("preBalances", "postBalances"):
        if len(meta_[name]) == len(keys):
            meta_[name] = dict(zip(keys, meta_[name], strict=True))


def leave_out_own(seen: dict[str, Any], case: Case) -> None:
    """Takes out what cannot be equal, where its place does not say so by its name."""
    if (landed := seen["getTransaction"]["result"]) is not None:
        content = landed["transaction"]["message"]
        if MEMO_KEY in content["accountKeys"]:
            # The local cluster does not hold the memo program's code, which that account pays the rent of.
            at = content["accountKeys"].index(MEMO_KEY)
            for balances in (landed["meta"]["preBalances"], landed["meta"]["postBalances"]):
                assert balances.pop(at) > 0
        if case.own_data:
            for instruction in content["instructions"]:
                assert instruction.pop("data")
    simulated = seen["simulateTransaction"].get("result", {}).get("value", {}).get("accounts") or []
    for account in [*simulated, *(each for name, each in seen.items() if name.startswith("getAccountInfo"))]:
        if account and account["owner"] == str(SYSTEM) and account["space"] == 80:
            # A nonce follows from the cluster's blockhash.
            data = bytearray(base64.b64decode(account["data"][0]))
            assert any(data[40:72])
            data[40:72] = bytes(32)
            account["data"][0] = base64.b64encode(data).decode()


def u64(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def meta(key: Pubkey | Keypair, signs: bool, writes: bool) -> AccountMeta:
    return AccountMeta(key if isinstance(key, Pubkey) else key.pubkey(), signs, writes)


def pay(payer: Keypair, to: Pubkey, lamports: int) -> Instruction:
    return transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=to, lamports=lamports))


def limit(units: int) -> Instruction:
    return Instruction(BUDGET, b"\2" + struct.pack("<I", units), [])


alice, bob, carol, owner, server, signer = (seeded(f"fields {name}") for name in ("a", "b", "c", "owner", "server", "v"))
nonce, fresh = seeded("fields nonce"), seeded("fields fresh")
FIXED = {str(key.pubkey()) for key in (alice, bob, carol, owner, server, signer, nonce, fresh)} | {str(SYSTEM)}


def system_cases() -> Iterator[Case]:
    def case(name: str, *instructions: Instruction, signers: list[Keypair] | None = None, **options: Any) -> Case:
        return Case(name, lambda _: list(instructions), signers or [alice], **options)

    yield case("a transfer", pay(alice, bob.pubkey(), SOL))
    yield case("two transfers and a price", limit(1_000), Instruction(BUDGET, b"\3" + u64(2_000_000), []),
               pay(alice, bob.pubkey(), 1), pay(alice, carol.pubkey(), 2))  # fmt: skip
    yield case("more than there is", pay(alice, bob.pubkey(), 10**15))
    yield case("the second one fails", pay(alice, bob.pubkey(), 5), pay(alice, bob.pubkey(), 10**15))
    yield case("below rent", pay(alice, fresh.pubkey(), 1))
    # Left out: a program that is missing or none. Agave takes the fee for such a transaction (SIMD-0082), LiteSVM does
    # not, and it tells neither from the other.
    yield case("no such instruction", Instruction(SYSTEM, struct.pack("<I", 99), [meta(alice, True, True)]))
    yield case("too few accounts", Instruction(SYSTEM, struct.pack("<I", 2) + u64(1), [meta(alice, True, True)]))
    yield case("no signature of the payer's", Instruction(
        SYSTEM, struct.pack("<I", 2) + u64(1), [meta(bob, False, True), meta(alice, True, True)]))  # fmt: skip
    yield case("an account", create_account(CreateAccountParams(
        from_pubkey=alice.pubkey(), to_pubkey=fresh.pubkey(), lamports=SOL, space=40, owner=owner.pubkey()
    )), signers=[alice, fresh])  # fmt: skip
    yield case("the same account again", create_account(CreateAccountParams(
        from_pubkey=alice.pubkey(), to_pubkey=fresh.pubkey(), lamports=SOL, space=41, owner=owner.pubkey()
    )), signers=[alice, fresh])  # fmt: skip
    yield case("too few compute units", limit(100), pay(alice, bob.pubkey(), 6))
    yield case("compute units twice", limit(1_000), limit(1_000), pay(alice, bob.pubkey(), 7))
    yield case("a broken budget", Instruction(BUDGET, b"\2\1", []), pay(alice, bob.pubkey(), 8))
    yield case("an unfunded payer", pay(seeded("nobody"), bob.pubkey(), 9), signers=[seeded("nobody")])
    yield case("a payer of another program", pay(fresh, bob.pubkey(), 9), signers=[fresh])
    yield case("an unknown blockhash", pay(alice, bob.pubkey(), 10), blockhash=lambda _: Hash(bytes([9] * 32)))
    yield case("no signature", pay(alice, bob.pubkey(), 11), tamper=unsigned)
    yield case("a wrong signature", pay(alice, bob.pubkey(), 12), tamper=flipped)
    yield case("a missing second signature", Instruction(
        SYSTEM, struct.pack("<I", 2) + u64(1), [meta(bob, True, True), meta(alice, True, True)]))  # fmt: skip
    yield case("a memo", Instruction(MEMO, "hello, wörld".encode(), [meta(alice, True, False)]))
    # Left out: a memo that is no text. Rust's words for what is wrong with it stand in LiteSVM's log.


def unsigned(transaction: VersionedTransaction) -> bytes:
    return bytes(VersionedTransaction.populate(transaction.message, [Signature.default()]))


def flipped(transaction: VersionedTransaction) -> bytes:
    raw = bytearray(bytes(transaction))
    raw[5] ^= 1
    return bytes(raw)


def durable(chain: Chain) -> Hash:
    account = chain.call("getAccountInfo", str(nonce.pubkey()), {"encoding": "base64", "commitment": "processed"})
    return Hash(base64.b64decode(account["value"]["data"][0])[40:72])


def nonce_cases() -> Iterator[Case]:
    authority = meta(alice, True, False)
    advance = Instruction(
        SYSTEM, struct.pack("<I", 4), [meta(nonce, False, True), meta(RECENT, False, False), authority]
    )
    initialize = Instruction(
        SYSTEM,
        struct.pack("<I", 6) + bytes(alice.pubkey()),
        [meta(nonce, False, True), meta(RECENT, False, False), meta(RENT, False, False)],
    )
    creation = create_account(
        CreateAccountParams(
            from_pubkey=alice.pubkey(), to_pubkey=nonce.pubkey(), lamports=SOL // 10, space=80, owner=SYSTEM
        )
    )
    yield Case("a nonce account", lambda _: [creation, initialize], [alice, nonce], own_addresses=True)
    yield Case("initialised twice", lambda _: [initialize], [alice], own_addresses=True)
    yield Case("advanced by a stranger", lambda _: [
        Instruction(SYSTEM, struct.pack("<I", 4), [*advance.accounts[:2], meta(bob, True, False)])
    ], [bob], own_addresses=True)  # fmt: skip
    yield Case("a nonce that is not the first instruction", lambda _: [pay(alice, bob.pubkey(), 13), advance], [alice],
               blockhash=durable, own_addresses=True)  # fmt: skip


def market_cases() -> Iterator[Case]:
    key = server.pubkey()
    job, _ = PROGRAM.request(alice.pubkey(), signer.pubkey())

    def case(name: str, *instructions: Instruction, signers: list[Keypair], **options: Any) -> Case:
        return Case(name, lambda _: list(instructions), signers, own_addresses=True, **options)

    def slot(chain: Chain) -> int:
        data = chain.call("getAccountInfo", str(job), {"encoding": "base64", "commitment": "processed"})["value"]
        return Request.decode(base64.b64decode(data["data"][0])).created_slot

    yield case("a server and a listing", PROGRAM.add_server(key, bytes(32), "/ip4/203.0.113.7/tcp/3819"),
               PROGRAM.set_listing(key, MODEL, 400_000), signers=[server])  # fmt: skip
    yield case("the server again", PROGRAM.add_server(key, bytes(32), "/ip4/203.0.113.7/tcp/3820"), signers=[server])
    yield case("a heartbeat", PROGRAM.heartbeat(key), signers=[server])
    yield case("a heartbeat of nobody", PROGRAM.heartbeat(bob.pubkey()), signers=[bob])
    yield case("a request", PROGRAM.request_inference(alice.pubkey(), signer.pubkey(), RequestTerms()), signers=[alice])
    yield case("the request again", PROGRAM.request_inference(alice.pubkey(), signer.pubkey(), RequestTerms(stake=1_000_001)),
               signers=[alice])  # fmt: skip
    yield case("a request with too little", PROGRAM.request_inference(carol.pubkey(), signer.pubkey(), RequestTerms(stake=10**15)),
               signers=[carol])  # fmt: skip
    yield case("a lock of another request", PROGRAM.lock_request(job, key, created_slot=1, stake=1_000_000), signers=[server])
    yield Case("a lock", lambda chain: [PROGRAM.lock_request(job, key, created_slot=slot(chain), stake=1_000_000)], [server],
               own_addresses=True, own_data=True)  # fmt: skip
    yield case("a cancellation too late", PROGRAM.cancel_request(job, alice.pubkey()), signers=[alice])
    yield case("a claim without a voucher", PROGRAM.claim_payment(job, key, alice.pubkey(), 20_000), signers=[server])
    yield case("an unknown instruction", Instruction(PROGRAM.id, b"whatever", [meta(server, True, True)]), signers=[server])
    yield case("no instruction", Instruction(PROGRAM.id, b"", []), signers=[server])


def table_cases() -> Iterator[Case]:
    def slot(chain: Chain) -> int:
        # The same one for all of a cluster's transactions.
        if chain.name not in SLOTS:
            SLOTS[chain.name] = chain.call("getSlot", {"commitment": "processed"}) - 2
        return SLOTS[chain.name]

    def table(chain: Chain) -> tuple[Pubkey, int]:
        return Pubkey.find_program_address([bytes(alice.pubkey()), u64(slot(chain))], TABLES)

    def create(chain: Chain) -> Instruction:
        address, bump = table(chain)
        metas = [meta(address, False, True), meta(alice, False, False), meta(alice, True, True), meta(SYSTEM, False, False)]
        return Instruction(TABLES, struct.pack("<IQB", 0, slot(chain), bump), metas)

    def change(chain: Chain, tag: int, body: bytes = b"", who: Keypair = alice, to: Keypair | None = None) -> Instruction:
        metas = [meta(table(chain)[0], False, True), meta(who, True, False)]
        if tag == 2:
            metas += [meta(alice, True, True), meta(SYSTEM, False, False)]
        if to:
            metas.append(meta(to, False, True))
        return Instruction(TABLES, struct.pack("<I", tag) + body, metas)

    addresses = [bob.pubkey(), carol.pubkey()]
    body = u64(len(addresses)) + b"".join(map(bytes, addresses))
    lookups = lambda chain: [AddressLookupTableAccount(table(chain)[0], addresses)]  # noqa: E731
    yield Case("a table", lambda chain: [create(chain), change(chain, 2, body)], [alice], own_addresses=True,
               own_data=True)  # fmt: skip
    yield Case("a table by another", lambda chain: [change(chain, 2, body, who=bob)], [alice, bob], own_addresses=True)
    yield Case("an open table closed", lambda chain: [change(chain, 4, to=bob)], [alice], own_addresses=True)
    yield Case("a table used", lambda _: [pay(alice, bob.pubkey(), 21), pay(alice, carol.pubkey(), 22)], [alice],
               tables=lookups, own_addresses=True)  # fmt: skip
    yield Case("a table deactivated", lambda chain: [change(chain, 3)], [alice], own_addresses=True)
    yield Case("a table used while it goes", lambda _: [pay(alice, bob.pubkey(), 23)], [alice], tables=lookups,
               own_addresses=True)  # fmt: skip


# The slots that each cluster's lookup table is made with.
SLOTS: dict[str, int] = {}


def compare(chains: list[Chain], cases: Iterator[Case]) -> int:
    fields, found = 0, []
    for case in cases:
        ours, theirs = (observe(chain, case) for chain in chains)
        assert ours.keys() == theirs.keys(), case.name
        for name in ours:
            found += differences(ours[name], theirs[name], f"{case.name}: {name}")
            fields += count(ours[name])
    assert not found, "\n".join(found)
    return fields


def differences(ours: Any, theirs: Any, path: str) -> list[str]:
    """Where two answers differ, in words."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        missing = [f"{path}.{name}: only one has it" for name in ours.keys() ^ theirs.keys()]
        return missing + [
            each for name in ours.keys() & theirs.keys() for each in differences(ours[name], theirs[name], f"{path}.{name}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            each for at, pair in enumerate(zip(ours, theirs)) for each in differences(*pair, f"{path}[{at}]")
        ]
    return [] if ours == theirs else [f"{path}: {ours!r} here, {theirs!r} in LiteSVM"]


def count(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    return sum(map(count, value)) if isinstance(value, list) else 1


@pytest.fixture(scope="module")
def funded(chains: list[Chain]) -> list[Chain]:
    for chain in chains:
        for key in (alice, bob, carol, owner, server):
            chain.call("requestAirdrop", str(key.pubkey()), 20 * SOL)
    return chains


@pytest.mark.parametrize("cases", [system_cases, nonce_cases, market_cases, table_cases])
def test_every_field_agrees(funded: list[Chain], cases: Callable[[], Iterator[Case]]) -> None:
    fields = compare(funded, cases())
    print(f"{cases.__name__}: {fields} fields agree")
    assert fields > 100
