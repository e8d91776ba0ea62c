"""The whole table of bad input: every instruction of the IDL, every account, every argument, every kind of harm.

What is harmed comes from the IDL, not from a list of this suite: an instruction, account or argument that the IDL gains
and that nothing is said about here fails. `VM.send` runs every cell natively as well, and checks that nothing moved.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from market.errors import Error
from market.instructions import INSTRUCTIONS_SYSVAR
from scenarios import SCENARIOS, Scenario
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from vm import Outcome
from vm.comparison import Comparison
from world import ROOT, World

IDL: dict[str, Any] = json.loads((ROOT / "Documentation" / "idl" / "chainference_market.json").read_text())
INSTRUCTIONS: dict[str, dict[str, Any]] = {row["name"]: row for row in IDL["instructions"]}
# Two scenarios show an instruction in a second form.
FORMS = {"request_inference_direct": "request_inference", "claim_payment_with_voucher": "claim_payment"}
TYPES = {"market": "Market", "server": "Server", "request": "InferenceRequest"}
SIZES = {"u8": 1, "u16": 2, "u64": 8, "pubkey": 32}

COUNTS: Counter[str] = Counter()


@dataclass(frozen=True)
class Role:
    """One account of one scenario, as the IDL describes it."""

    index: int
    name: str
    writable: bool
    signer: bool
    optional: bool


def described(name: str) -> dict[str, Any]:
    return INSTRUCTIONS[FORMS.get(name, name)]


def roles(name: str, scenario: Scenario) -> list[Role]:
    """The IDL's accounts that the scenario passes: all but optional ones that it leaves out."""
    rows = described(name)["accounts"]
    found = [
        Role(index, row["name"], *(row.get(key, False) for key in ("writable", "signer", "optional")))
        for index, row in enumerate(rows)
    ]
    passed = len(scenario.instruction.accounts)
    assert all(role.optional for role in found[passed:])
    return found[:passed]


@pytest.fixture(params=SCENARIOS, scope="module")
def named(request: pytest.FixtureRequest) -> tuple[str, Scenario]:
    return request.param, SCENARIOS[request.param]()


def call(scenario: Scenario, instruction: Instruction) -> Outcome:
    """Calls it with the signatures that it asks for, and sees to it that the native machine ran it too."""
    world = scenario.world
    needed = {meta.pubkey for meta in instruction.accounts if meta.is_signer}
    signers = [world.vm.keypair(), *(pair for pair in scenario.signers if pair.pubkey() in needed)]
    known = {pair.pubkey() for pair in signers}
    signers += [pair for pair in STRANGERS if pair.pubkey() in needed - known]
    compared = Comparison.instructions
    outcome = world.vm.send([*scenario.before, instruction], signers)
    assert Comparison.instructions == compared + 1
    return outcome


STRANGERS = [Keypair.from_seed(bytes([n]) * 32) for n in range(1, 3)]


def cell(kind: str, scenario: Scenario, instruction: Instruction, *errors: int | str) -> None:
    COUNTS[kind] += 1
    outcome = call(scenario, instruction)
    assert outcome.error in errors, "\n".join([f"{kind}: {outcome.error} instead of {errors}", *outcome.logs])


def changed(scenario: Scenario, index: int, **changes: Any) -> Instruction:
    accounts = list(scenario.instruction.accounts)
    old = accounts[index]
    values = {"pubkey": old.pubkey, "is_signer": old.is_signer, "is_writable": old.is_writable} | changes
    accounts[index] = AccountMeta(values["pubkey"], values["is_signer"], values["is_writable"])
    return scenario.with_accounts(accounts)


# The table itself is whole


def test_every_instruction_of_the_idl_has_a_valid_call() -> None:
    assert {FORMS.get(name, name) for name in SCENARIOS} == set(INSTRUCTIONS)
    assert len(INSTRUCTIONS) == 20


def test_the_valid_calls_pass_what_the_idl_says(named: tuple[str, Scenario]) -> None:
    name, scenario = named
    for role, meta in zip(roles(name, scenario), scenario.instruction.accounts):
        assert meta.is_writable == role.writable, (name, role)
        # A request is closed without a signature once a day has passed.
        assert meta.is_signer == role.signer, (name, role)
    assert bytes(scenario.instruction.data[:8]) == bytes(described(name)["discriminator"])


# Missing, doubled, unsigned, read-only


def test_missing(named: tuple[str, Scenario]) -> None:
    name, scenario = named
    for role in roles(name, scenario):
        if role.optional and not required(name, role.name):
            continue
        kept = list(scenario.instruction.accounts)[: role.index]
        cell("missing", scenario, scenario.with_accounts(kept), Error.AccountNotEnoughKeys)


def required(name: str, account: str) -> bool:
    """Optional accounts that this form of the instruction does need."""
    return (name, account) in {
        ("request_inference_direct", "server"),
        ("request_inference_direct", "market"),
        ("compare_responses", "other_requester"),
    }


def test_duplicated(named: tuple[str, Scenario]) -> None:
    name, scenario = named
    for role in roles(name, scenario):
        for other in scenario.instruction.accounts[: role.index]:
            doubled = changed(scenario, role.index, pubkey=other.pubkey, is_signer=other.is_signer)
            cell("duplicated", scenario, doubled, Error.DuplicateAccount)


def test_unsigned(named: tuple[str, Scenario]) -> None:
    name, scenario = named
    for role in roles(name, scenario):
        if role.signer:
            cell("unsigned", scenario, changed(scenario, role.index, is_signer=False), Error.AccountNotSigner)


# Writable in the IDL because the instruction may pay them, but not needed writable: nobody's claim and nobody's listing
# may hang on how an account of somebody else was passed.
READ_ONLY_IS_FINE = {("claim_payment", "requester"), ("remove_listing", "owner")}
SETS_TREASURY = {"initialize_market", "update_market"}


def test_read_only(named: tuple[str, Scenario]) -> None:
    name, scenario = named
    for role in roles(name, scenario):
        if not role.writable or (described(name)["name"], role.name) in READ_ONLY_IS_FINE:
            continue
        sets = name in SETS_TREASURY and role.name == "treasury"
        error = Error.TreasuryUnusable if sets else Error.ConstraintMut
        cell("read-only", scenario, changed(scenario, role.index, is_writable=False), error)


@pytest.mark.parametrize(("name", "account"), sorted(READ_ONLY_IS_FINE))
def test_read_only_where_it_does_no_harm(name: str, account: str) -> None:
    scenario = SCENARIOS[name]()
    (role,) = (role for role in roles(name, scenario) if role.name == account)
    assert call(scenario, changed(scenario, role.index, is_writable=False)).error is None


# Wrongly owned, of another type


def typed(name: str, scenario: Scenario) -> Iterator[tuple[Role, str]]:
    for role in roles(name, scenario):
        kind = TYPES.get(role.name.split("_")[-1])
        creates = (described(name)["name"], role.name) in CREATED
        if kind and not creates:
            yield role, kind


CREATED = {("initialize_market", "market"), ("add_server", "server"), ("request_inference", "request")}


def test_the_scenarios_agree_on_what_is_the_programs(named: tuple[str, Scenario]) -> None:
    name, scenario = named
    assert {role.index: kind for role, kind in typed(name, scenario)} == scenario.types


def test_wrongly_owned(named: tuple[str, Scenario]) -> None:
    """The right bytes under another owner; where the address itself is known, that is what does not fit."""
    name, scenario = named
    vm = scenario.world.vm
    for role, _ in typed(name, scenario):
        original = vm.account(scenario.instruction.accounts[role.index].pubkey)
        assert original is not None
        for owner in (Pubkey.default(), Keypair().pubkey()):
            copy = Keypair().pubkey()
            vm.set_account(copy, original.lamports, bytes(original.data), owner)
            harmed = changed(scenario, role.index, pubkey=copy)
            errors = [Error.AccountOwnedByWrongProgram, *([Error.WrongServer] if "server" in role.name else [])]
            cell("wrongly owned", scenario, harmed, *errors)


def test_the_created_account_exists_already(named: tuple[str, Scenario]) -> None:
    name, scenario = named
    for role in roles(name, scenario):
        if (described(name)["name"], role.name) not in CREATED:
            continue
        vm, key = scenario.world.vm, scenario.instruction.accounts[role.index].pubkey
        for owner, data in ((scenario.world.program.id, bytes(500)), (Keypair().pubkey(), b""), (Pubkey.default(), b"x")):
            vm.set_account(key, 50_000_000, data, owner)
            cell("wrongly owned", scenario, scenario.instruction, Error.AccountDiscriminatorAlreadySet)
        vm.set_account(key, 0, b"", Pubkey.default())


# Substituted accounts

FRESH, SIBLING = "an address without an account", "somebody else's"
Substitution = dict[tuple[str, str], dict[str, int | str | None]]


def both(error: int | str) -> dict[str, int | str | None]:
    return {FRESH: error, SIBLING: error}


NOT_OURS = Error.AccountOwnedByWrongProgram
REQUEST_OF_CLIENT = {FRESH: NOT_OURS, SIBLING: Error.WrongRequester}
SERVER_OF_OWNER = {FRESH: NOT_OURS, SIBLING: Error.WrongOwner}
MARKET = {FRESH: NOT_OURS, SIBLING: NOT_OURS}

# None: there is nothing wrong with it.
SUBSTITUTIONS: Substitution = {
    ("initialize_market", "market"): both(Error.ConstraintSeeds),
    ("initialize_market", "authority"): both(Error.NotUpgradeAuthority),
    # The treasury is what these two set: any account that can be paid will do.
    ("initialize_market", "treasury"): {FRESH: Error.TreasuryUnusable, SIBLING: None},
    ("initialize_market", "program"): both(Error.InvalidProgramId),
    ("initialize_market", "program_data"): both(Error.ConstraintAddress),
    ("initialize_market", "system_program"): both(Error.InvalidProgramId),
    ("update_market", "market"): MARKET,
    ("update_market", "authority"): both(Error.NotMarketAuthority),
    ("update_market", "treasury"): {FRESH: Error.TreasuryUnusable, SIBLING: None},
    ("accept_market", "market"): MARKET,
    ("accept_market", "pending_authority"): both(Error.NotPendingAuthority),
    ("add_server", "server"): both(Error.ConstraintSeeds),
    ("add_server", "owner"): both(Error.ConstraintSeeds),
    ("add_server", "system_program"): both(Error.InvalidProgramId),
    ("update_server", "server"): SERVER_OF_OWNER,
    ("update_server", "owner"): both(Error.WrongOwner),
    ("update_server", "system_program"): both(Error.InvalidProgramId),
    ("set_listing", "server"): SERVER_OF_OWNER,
    ("set_listing", "owner"): both(Error.WrongOwner),
    ("set_listing", "system_program"): both(Error.InvalidProgramId),
    ("remove_listing", "server"): SERVER_OF_OWNER,
    ("remove_listing", "owner"): both(Error.WrongOwner),
    ("heartbeat", "server"): SERVER_OF_OWNER,
    ("heartbeat", "owner"): both(Error.WrongOwner),
    ("close_server", "server"): SERVER_OF_OWNER,
    ("close_server", "owner"): both(Error.WrongOwner),
    ("close_server", "market"): MARKET,
    ("close_server", "treasury"): both(Error.WrongTreasury),
    # Anybody may collect what any server owes; the sibling owes nothing.
    ("collect_fees", "server"): {FRESH: NOT_OURS, SIBLING: Error.NothingToCollect},
    ("collect_fees", "market"): MARKET,
    ("collect_fees", "treasury"): both(Error.WrongTreasury),
    ("request_inference", "request"): both(Error.ConstraintSeeds),
    ("request_inference", "requester"): both(Error.ConstraintSeeds),
    ("request_inference", "system_program"): both(Error.InvalidProgramId),
    # The client's choice: any server with such a listing.
    ("request_inference", "server"): {FRESH: NOT_OURS, SIBLING: None},
    ("request_inference", "market"): MARKET,
    ("cancel_request", "request"): REQUEST_OF_CLIENT,
    ("cancel_request", "requester"): both(Error.WrongRequester),
    # A server may lock any open request; what it repeats of slot and stake is another's here.
    ("lock_request", "request"): {FRESH: NOT_OURS, SIBLING: Error.RequestRecreated},
    ("lock_request", "server"): SERVER_OF_OWNER,
    ("lock_request", "owner"): both(Error.WrongOwner),
    ("lock_request", "market"): MARKET,
    ("release_request", "request"): {FRESH: NOT_OURS, SIBLING: Error.RequestNotLocked},
    ("release_request", "server"): both(Error.WrongServer),
    ("release_request", "owner"): both(Error.WrongOwner),
    ("release_request", "requester"): both(Error.WrongRequester),
    ("begin_close", "request"): REQUEST_OF_CLIENT,
    ("begin_close", "requester"): both(Error.WrongRequester),
    ("claim_payment", "request"): {FRESH: NOT_OURS, SIBLING: Error.RequestNotLocked},
    ("claim_payment", "server"): both(Error.WrongServer),
    ("claim_payment", "owner"): both(Error.WrongOwner),
    ("claim_payment", "requester"): both(Error.WrongRequester),
    ("claim_payment", "instructions"): both(Error.ConstraintAddress),
    ("expire_request", "request"): REQUEST_OF_CLIENT,
    ("expire_request", "requester"): both(Error.WrongRequester),
    ("expire_request", "server"): both(Error.WrongServer),
    ("flag_response", "request"): REQUEST_OF_CLIENT,
    ("flag_response", "requester"): both(Error.WrongRequester),
    ("flag_response", "server"): both(Error.WrongServer),
    ("compare_responses", "market"): MARKET,
    ("compare_responses", "preferred_request"): REQUEST_OF_CLIENT,
    ("compare_responses", "other_request"): REQUEST_OF_CLIENT,
    ("compare_responses", "preferred_server"): both(Error.WrongServer),
    ("compare_responses", "other_server"): both(Error.WrongServer),
    ("compare_responses", "preferred_requester"): both(Error.WrongRequester),
    ("compare_responses", "other_requester"): both(Error.WrongRequester),
    ("close_request", "request"): REQUEST_OF_CLIENT,
    ("close_request", "requester"): both(Error.WrongRequester),
}


def test_every_account_of_the_idl_has_its_substitutes() -> None:
    accounts = {(name, row["name"]) for name, each in INSTRUCTIONS.items() for row in each["accounts"]}
    assert accounts == set(SUBSTITUTIONS)


def sibling(world: World, role: Role, original: Pubkey) -> Pubkey:
    """An account of the same kind that belongs to somebody else: real, valid, and the wrong one."""
    match TYPES.get(role.name.split("_")[-1]), role.name:
        case "InferenceRequest", _:
            return world.open(stake=777_777).address
        case "Server", _:
            return world.program.server(world.provider().pubkey())
        case "Market", _:
            copy, data = Keypair().pubkey(), world.vm.data(original)
            world.vm.set_account(copy, 10_000_000, data, Keypair().pubkey())
            return copy
        case _, "system_program":
            return Pubkey.from_string("ComputeBudget111111111111111111111111111111")
        case _, "instructions":
            return Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
        case _, "program" | "program_data":
            return Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
    if role.signer:
        world.vm.fund(STRANGERS[1].pubkey(), 10_000_000_000)
        return STRANGERS[1].pubkey()
    return world.vm.keypair().pubkey()


def substitute(name: str, world: World, role: Role, original: Pubkey, which: str) -> Pubkey:
    if which == FRESH:
        return STRANGERS[0].pubkey() if role.signer else Keypair().pubkey()
    if (described(name)["name"], role.name) in CREATED:
        return world.vm.keypair().pubkey()
    return sibling(world, role, original)


@pytest.mark.parametrize("name", SCENARIOS)
def test_substituted_accounts(name: str) -> None:
    scenario = SCENARIOS[name]()
    for role in roles(name, scenario):
        for which, error in SUBSTITUTIONS[described(name)["name"], role.name].items():
            # What succeeds changes the market, so that it gets one of its own.
            of = SCENARIOS[name]() if error is None else scenario
            original = of.instruction.accounts[role.index].pubkey
            other = substitute(name, of.world, role, original, which)
            harmed = changed(of, role.index, pubkey=other)
            if error is None:
                assert call(of, harmed).error is None
            else:
                cell("substituted", of, harmed, error)


# Arguments


def offsets(name: str) -> dict[str, tuple[int, Any]]:
    at, found = 8, {}
    for row in described(name)["args"]:
        kind = row["type"]
        found[row["name"]] = at, kind
        match kind:
            case str() if kind in SIZES:
                at += SIZES[kind]
            case {"array": ["u8", count]}:
                at += count
            case {"defined": {"name": "RequestMode"}}:
                at += 1
            case "string":
                pass
            case _:
                raise AssertionError(kind)
    return found


ANY = "every value means something"
M = 2**64 - 1
PEER_ADDRESSES = [(b"x" * 193, Error.PeerAddressInvalid), (b"has space", Error.PeerAddressInvalid), (b"\xff", Error.PeerAddressInvalid)]
MODEL_IDS = [(b"", Error.ModelIdInvalid), (b"x" * 129, Error.ModelIdInvalid), (b"a b", Error.ModelIdInvalid), (b"\xc3\xa9", Error.ModelIdInvalid)]
PRICES = [(2**32 + 1, Error.PriceOutOfRange), (M, Error.PriceOutOfRange)]
RATIOS = [(10_001, Error.CriteriaOutOfRange), (65_535, Error.CriteriaOutOfRange)]
FEES = [(1_001, Error.FeeTooHigh), (65_535, Error.FeeTooHigh)]

# Bad values and what they are refused with; for what can have no bad value, why.
ARGUMENTS: dict[tuple[str, str], list[tuple[Any, int]] | str] = {
    ("initialize_market", "authority"): ANY,
    ("initialize_market", "minimum_compared_charge"): ANY,
    ("initialize_market", "fee_basis_points"): FEES,
    ("update_market", "pending_authority"): ANY,
    ("update_market", "minimum_compared_charge"): ANY,
    ("update_market", "fee_basis_points"): FEES,
    ("add_server", "peer_key"): ANY,
    ("add_server", "peer_address"): PEER_ADDRESSES,
    ("update_server", "peer_key"): ANY,
    ("update_server", "peer_address"): PEER_ADDRESSES,
    ("set_listing", "output_price"): [(0, Error.PriceOutOfRange), *PRICES],
    ("set_listing", "input_price"): PRICES,
    ("set_listing", "minimum_charge"): PRICES,
    ("set_listing", "model_id"): MODEL_IDS,
    ("remove_listing", "model_hash"): [(bytes(32), Error.ListingNotFound), (b"\xff" * 32, Error.ListingNotFound)],
    # Another signer's, or another bump's, is another address.
    ("request_inference", "voucher_signer"): [(bytes(32), Error.ConstraintSeeds), (b"\xff" * 32, Error.ConstraintSeeds)],
    ("request_inference", "client_key"): ANY,
    ("request_inference", "stake"): [
        (0, Error.StakeOutOfRange),
        (1, Error.CreditAboveStake),
        (M, Error.StakeOutOfRange),
    ],
    # Caps and criteria may be anything; what they refuse is a server (test_attacks.py).
    ("request_inference", "maximum_output_price"): ANY,
    ("request_inference", "maximum_input_price"): ANY,
    ("request_inference", "maximum_minimum_charge"): ANY,
    ("request_inference", "credit"): [(1_000_001, Error.CreditAboveStake), (M, Error.CreditAboveStake)],
    ("request_inference", "lifetime"): [(n, Error.LifetimeOutOfRange) for n in (0, 604_801, 2**63, M)],
    ("request_inference", "minimum_completed"): ANY,
    ("request_inference", "maximum_fee_basis_points"): RATIOS,
    ("request_inference", "minimum_success"): RATIOS,
    ("request_inference", "minimum_preference"): RATIOS,
    ("request_inference", "bump"): [],
    ("request_inference", "mode"): [(n, Error.ModeUnknown) for n in (2, 3, 128, 255)],
    # Open requests have no listing, direct ones are below.
    ("request_inference", "listing_index"): ANY,
    ("request_inference", "model_id"): MODEL_IDS,
    ("lock_request", "created_slot"): [(0, Error.RequestRecreated), (M, Error.RequestRecreated)],
    ("lock_request", "stake"): [(0, Error.RequestRecreated), (M, Error.RequestRecreated)],
    ("lock_request", "listing_index"): [(1, Error.ListingNotFound), (255, Error.ListingNotFound)],
    ("lock_request", "peer_address"): PEER_ADDRESSES,
    ("claim_payment", "amount"): [
        (5_001, Error.AmountNotVouched),
        (1_000_000, Error.AmountNotVouched),
        (1_000_001, Error.AmountAboveStake),
        (M, Error.AmountAboveStake),
    ],
}


def test_every_argument_of_the_idl_has_its_bad_values() -> None:
    arguments = {(name, row["name"]) for name, each in INSTRUCTIONS.items() for row in each["args"]}
    assert arguments == set(ARGUMENTS)


def with_argument(scenario: Scenario, at: int, kind: Any, value: Any) -> Instruction:
    data = bytes(scenario.instruction.data)
    if kind == "string":
        return scenario.with_data(data[:at] + struct.pack("<I", len(value)) + value)
    encoded = value if isinstance(value, bytes) else value.to_bytes(SIZES.get(kind, 1) if isinstance(kind, str) else 1, "little")
    return scenario.with_data(data[:at] + encoded + data[at + len(encoded) :])


def test_bad_arguments(named: tuple[str, Scenario]) -> None:
    name, scenario = named
    if name in FORMS:
        return
    for argument, (at, kind) in offsets(name).items():
        cases = ARGUMENTS[name, argument]
        for value, error in [] if cases is ANY else cases:
            cell("bad arguments", scenario, with_argument(scenario, at, kind, value), error)


def test_every_bump_but_one() -> None:
    """S4: a bump that gives another address, or none, is refused by name."""
    scenario = SCENARIOS["request_inference"]()
    at, kind = offsets("request_inference")["bump"]
    fitting = bytes(scenario.instruction.data)[at]
    for bump in range(256):
        if bump != fitting:
            cell("bad arguments", scenario, with_argument(scenario, at, kind, bump), Error.ConstraintSeeds)


def test_listing_indices_of_direct_requests() -> None:
    scenario = SCENARIOS["request_inference_direct"]()
    at, kind = offsets("request_inference")["listing_index"]
    for index in (1, 64, 255):
        cell("bad arguments", scenario, with_argument(scenario, at, kind, index), Error.ListingNotFound)


def test_truncated_and_oversized_arguments(named: tuple[str, Scenario]) -> None:
    """S18: at every byte, and with bytes behind."""
    _, scenario = named
    data = bytes(scenario.instruction.data)
    for length in range(len(data)):
        error = Error.InstructionMissing if length < 8 else Error.InstructionDidNotDeserialize
        cell("truncated arguments", scenario, scenario.with_data(data[:length]), error)
    for tail in (b"\0", bytes(7), bytes(100), b"\xff" * 8):
        cell("oversized arguments", scenario, scenario.with_data(data + tail), Error.InstructionDidNotDeserialize)


def test_oversized_accounts(named: tuple[str, Scenario]) -> None:
    """Accounts behind those that an instruction needs are ignored, as in Anchor; but for the two that it may take."""
    name, scenario = named
    accounts = [*scenario.instruction.accounts, AccountMeta(Keypair().pubkey(), is_signer=False, is_writable=True)]
    longer = scenario.with_accounts(accounts)
    if name == "claim_payment":
        # There, the fifth is the instructions sysvar or nothing.
        cell("oversized accounts", scenario, longer, Error.ConstraintAddress)
        assert INSTRUCTIONS_SYSVAR not in [meta.pubkey for meta in scenario.instruction.accounts]
        return
    fresh = SCENARIOS[name]()
    more = [*fresh.instruction.accounts, accounts[-1]]
    assert call(fresh, fresh.with_accounts(more)).error is None


def test_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """What the table came to; last, so that it has counted everything."""
    with capsys.disabled():
        total = sum(COUNTS.values())
        print(f"\n{total:,} bad calls of {len(INSTRUCTIONS)} instructions refused by name: {dict(COUNTS)}")
    assert all(COUNTS[kind] for kind in ("missing", "duplicated", "unsigned", "read-only", "wrongly owned", "substituted"))
