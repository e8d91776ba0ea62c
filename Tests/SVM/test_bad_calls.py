"""Every instruction with accounts and arguments that are missing, doubled, unsigned, read-only, of others, or malformed.

The rows S1 to S3, S5 and S18 of the checklist, for all instructions at once; `test_matrix.py` does the same from the
IDL. `VM.send` checks that no refusal changes or
moves anything, and holds its cost against `market/ceilings.py`; here each has its own error.
"""

from __future__ import annotations

import struct

import pytest
from market.errors import Error
from market.wire import discriminator
from scenarios import SCENARIOS, Scenario
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from vm import Outcome

@pytest.fixture(params=SCENARIOS, scope="module")
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """A valid call, shared by the tests of this file because none of them changes anything."""
    return SCENARIOS[request.param]()


def attempt(scenario: Scenario, instruction: Instruction, drop: Pubkey | None = None) -> Outcome:
    """Call it; `drop` does not sign."""
    payer = scenario.world.vm.keypair()
    signers = [payer, *(signer for signer in scenario.signers if signer.pubkey() != drop)]
    return scenario.world.vm.send([*scenario.before, instruction], signers)


def refused(scenario: Scenario, error: int | str, instruction: Instruction, drop: Pubkey | None = None) -> None:
    outcome = attempt(scenario, instruction, drop)
    assert outcome.error == error, "\n".join([f"{outcome.error} instead of {error!r}", *outcome.logs])


def changed(scenario: Scenario, index: int, **changes: object) -> Instruction:
    accounts = list(scenario.instruction.accounts)
    old = accounts[index]
    accounts[index] = AccountMeta(
        changes.get("pubkey", old.pubkey),
        is_signer=changes.get("is_signer", old.is_signer),
        is_writable=changes.get("is_writable", old.is_writable),
    )
    return scenario.with_accounts(accounts)


def indices(scenario: Scenario) -> range:
    return range(len(scenario.instruction.accounts))


def test_unsigned(scenario: Scenario) -> None:
    """S1."""
    for index in indices(scenario):
        meta = scenario.instruction.accounts[index]
        if meta.is_signer:
            refused(scenario, Error.AccountNotSigner, changed(scenario, index, is_signer=False), drop=meta.pubkey)


def test_read_only(scenario: Scenario) -> None:
    for index in indices(scenario):
        meta = scenario.instruction.accounts[index]
        if meta.is_writable and index not in scenario.may_be_read_only | scenario.ignored:
            error = Error.ConstraintMut
            if "treasury" in treasury_role(scenario, index):
                error = Error.TreasuryUnusable
            refused(scenario, error, changed(scenario, index, is_writable=False))


def treasury_role(scenario: Scenario, index: int) -> str:
    """The treasury that initialize_market and update_market would set has an error of its own."""
    data = bytes(scenario.instruction.data[:8])
    sets = data in (discriminator("global", "initialize_market"), discriminator("global", "update_market"))
    return "treasury" if sets and index == 2 else ""


def test_too_few(scenario: Scenario) -> None:
    accounts = list(scenario.instruction.accounts)
    last = len(accounts) - (1 if scenario.last_is_optional else 0)
    for count in range(last):
        kept = {meta.pubkey for meta in accounts[:count]}
        signers = [s for s in scenario.signers if s.pubkey() in kept]
        payer = scenario.world.vm.keypair()
        outcome = scenario.world.vm.send(
            [*scenario.before, scenario.with_accounts(accounts[:count])], [payer, *signers]
        )
        assert outcome.error == Error.AccountNotEnoughKeys, count


def test_one_account_in_two_places(scenario: Scenario) -> None:
    """S5."""
    for index in indices(scenario):
        for other in range(index):
            meta = scenario.instruction.accounts[other]
            replaced = scenario.instruction.accounts[index]
            drop = replaced.pubkey if replaced.is_signer else None
            instruction = changed(scenario, index, pubkey=meta.pubkey, is_signer=meta.is_signer)
            refused(scenario, Error.DuplicateAccount, instruction, drop=drop)


def test_accounts_of_another_program(scenario: Scenario) -> None:
    """S2: the right bytes, owned by the system program or by a sibling."""
    vm = scenario.world.vm
    for index in scenario.types:
        original = vm.account(scenario.instruction.accounts[index].pubkey)
        assert original is not None
        for owner in (Pubkey.default(), Keypair().pubkey()):
            copy = Keypair().pubkey()
            vm.set_account(copy, original.lamports, bytes(original.data), owner)
            outcome = attempt(scenario, changed(scenario, index, pubkey=copy))
            # Where the address itself is known, that is what does not fit.
            assert outcome.error in (Error.AccountOwnedByWrongProgram, Error.WrongServer), outcome.logs


def test_accounts_of_another_type(scenario: Scenario) -> None:
    """S3: type cosplay, zeroed data, data cut at the places that matter."""
    vm, program = scenario.world.vm, scenario.world.program
    for index, name in scenario.types.items():
        original = bytes(vm.account(scenario.instruction.accounts[index].pubkey).data)
        others = [discriminator("account", other) for other in ("Market", "Server", "InferenceRequest") if other != name]
        cases = [(other + original[8:], Error.AccountDiscriminatorMismatch) for other in others]
        cases += [
            (bytes(len(original)), Error.AccountDiscriminatorMismatch),
            (original[:7], Error.AccountDiscriminatorNotFound),
            (b"", Error.AccountDiscriminatorNotFound),
            (original[:8], Error.AccountDidNotDeserialize),
            (original[:159], Error.AccountDidNotDeserialize),
        ]
        for data, error in cases:
            copy = Keypair().pubkey()
            vm.set_account(copy, 10_000_000, data, program.id)
            outcome = attempt(scenario, changed(scenario, index, pubkey=copy))
            assert outcome.error in (error, Error.WrongServer), (name, len(data), outcome.logs)


def test_arguments_cut_at_every_byte(scenario: Scenario) -> None:
    """S18."""
    data = bytes(scenario.instruction.data)
    for length in range(len(data)):
        error = Error.InstructionMissing if length < 8 else Error.InstructionDidNotDeserialize
        refused(scenario, error, scenario.with_data(data[:length]))


def test_arguments_with_more_behind(scenario: Scenario) -> None:
    for tail in (b"\0", bytes(8), bytes(100)):
        refused(
            scenario, Error.InstructionDidNotDeserialize, scenario.with_data(bytes(scenario.instruction.data) + tail)
        )


def test_strings_that_lie_about_their_length(scenario: Scenario) -> None:
    if scenario.string_at is None:
        pytest.skip("no string")
    at, data = scenario.string_at, bytes(scenario.instruction.data)
    actual = struct.unpack_from("<I", data, at)[0]
    assert at + 4 + actual == len(data)
    for length in (0, actual - 1, actual + 1, 2**31, 2**32 - 1, 2**32 - 4 - at, 2**32 - actual):
        lie = data[:at] + struct.pack("<I", length) + data[at + 4 :]
        refused(scenario, Error.InstructionDidNotDeserialize, scenario.with_data(lie))


def test_strings_of_other_bytes(scenario: Scenario) -> None:
    """Every byte that is not printable, at every place of a word."""
    if scenario.string_at is None:
        pytest.skip("no string")
    at, data = scenario.string_at, bytes(scenario.instruction.data)
    model = scenario.string_at != 40 and scenario.string_at != 25
    error = Error.ModelIdInvalid if model else Error.PeerAddressInvalid
    for byte in [*range(0x21), *range(0x7F, 0x100)]:
        text = b"abcdefghijklmnopqrst"
        place = byte % len(text)
        text = text[:place] + bytes([byte]) + text[place + 1 :]
        bad = data[:at] + struct.pack("<I", len(text)) + text
        refused(scenario, error, scenario.with_data(bad))
    for place in range(17):
        text = b"a" * place + b"\xc3\xa9" + b"a" * 5
        refused(scenario, error, scenario.with_data(data[:at] + struct.pack("<I", len(text)) + text))
    longest = 128 if model else 192
    text = b"x" * (longest + 1)
    refused(scenario, error, scenario.with_data(data[:at] + struct.pack("<I", len(text)) + text))
    if model:
        refused(scenario, error, scenario.with_data(data[:at] + bytes(4)))


def test_strings_of_all_printable_bytes_pass() -> None:
    for start in range(0x21, 0x7F, 24):
        scenario = SCENARIOS["request_inference"]()
        text = bytes(range(start, min(start + 24, 0x7F)))
        data = bytes(scenario.instruction.data)[: scenario.string_at] + struct.pack("<I", len(text)) + text
        assert attempt(scenario, scenario.with_data(data)).error is None


def test_unknown_instructions(scenario: Scenario) -> None:
    data = bytes(scenario.instruction.data)
    for bit in range(64):
        word = struct.unpack("<Q", data[:8])[0] ^ (1 << bit)
        refused(scenario, Error.InstructionFallbackNotFound, scenario.with_data(struct.pack("<Q", word) + data[8:]))


@pytest.mark.parametrize("name", SCENARIOS)
def test_and_unspoilt_it_succeeds(name: str) -> None:
    scenario = SCENARIOS[name]()
    outcome = attempt(scenario, scenario.instruction)
    assert outcome.error is None, outcome.logs
    # A second time it would be refused, or it is one of those that may be repeated.
    again = attempt(scenario, scenario.instruction)
    repeatable = {"update_market", "update_server", "set_listing", "heartbeat", "begin_close"}
    assert (again.error is None) == (name in repeatable), again.error
