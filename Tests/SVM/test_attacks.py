"""What is left of the checklist: address binding, re-creation, the state matrix, conservation, and the reference
program's own holes (R1 to R9) as named regressions.
"""

from __future__ import annotations

import hashlib
import random
import struct
from collections import Counter

import pytest
from market.accounts import CLAIMED, LOCKED, OPEN
from market.errors import Error
from market.instructions import INSTRUCTIONS_SYSVAR, r
from market.voucher import message, verification
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from world import MODEL, Job, World


def replaced(instruction: Instruction, index: int, key: Pubkey) -> Instruction:
    accounts = list(instruction.accounts)
    old = accounts[index]
    accounts[index] = AccountMeta(key, is_signer=old.is_signer, is_writable=old.is_writable)
    return Instruction(instruction.program_id, bytes(instruction.data), accounts)


class TestAddressBinding:
    """S4."""

    def test_anothers_request(self, world: World) -> None:
        victim, thief = world.open(), world.vm.keypair()
        calls = [
            world.program.cancel_request(victim.address, thief.pubkey()),
            world.program.begin_close(victim.address, thief.pubkey()),
            world.program.close_request(victim.address, thief.pubkey()),
            world.program.expire_request(victim.address, thief.pubkey()),
            world.program.flag_response(victim.address, thief.pubkey(), Keypair().pubkey()),
        ]
        for call in calls:
            world.vm.refuse(Error.WrongRequester, [call], [thief])

    def test_the_remainder_of_a_claim_for_a_friend(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner)
        (claim,) = world.claim_instructions(job, owner, 100)
        friend = world.vm.keypair().pubkey()
        world.vm.refuse(Error.WrongRequester, [replaced(claim, 3, friend)], [owner])
        release = world.program.release_request(job.address, owner.pubkey(), friend)
        world.vm.refuse(Error.WrongRequester, [release], [owner])

    def test_anothers_lock(self, world: World) -> None:
        owner, thief = world.provider(), world.provider()
        job = world.locked(owner)
        client = job.client.pubkey()
        for call in (
            world.program.claim_payment(job.address, thief.pubkey(), client, 1),
            world.program.release_request(job.address, thief.pubkey(), client),
        ):
            world.vm.refuse(Error.WrongServer, [call], [thief])
            world.vm.refuse(Error.WrongOwner, [replaced(call, 1, world.program.server(owner.pubkey()))], [thief])
        world.vm.advance(seconds=3_601)
        expire = world.program.expire_request(job.address, client, world.program.server(thief.pubkey()))
        world.vm.refuse(Error.WrongServer, [expire], [thief])
        flag = world.program.flag_response(job.address, client, world.program.server(thief.pubkey()))
        world.vm.refuse(Error.WrongServer, [flag], [job.client])

    def test_a_failure_cannot_be_hidden_by_another_account(self, world: World) -> None:
        """Expiry needs the very server whose record it spoils."""
        owner = world.provider()
        job = world.locked(owner)
        world.vm.advance(seconds=3_601)
        world.vm.refuse(
            Error.WrongServer, [world.program.expire_request(job.address, job.client.pubkey())], [owner]
        )

    def test_bumps_that_do_not_fit(self, world: World) -> None:
        """And addresses that do not: the program hashes the seeds itself, and names the error."""
        job = world.job()
        fitting = world.program.request(job.client.pubkey(), job.voucher_signer.pubkey())[1]
        for bump in range(256):
            if bump != fitting:
                world.vm.refuse(Error.ConstraintSeeds, [world.open_instruction(job, bump=bump)], [job.client])
        elsewhere = replaced(world.open_instruction(job), 0, Keypair().pubkey())
        world.vm.refuse(Error.ConstraintSeeds, [elsewhere], [job.client])

    def test_an_address_on_the_curve(self, world: World) -> None:
        """The hash of the seeds with a bump that gives no address: whose account that would be, the runtime refuses."""
        job = world.job()
        seeds = (b"request", bytes(job.client.pubkey()), bytes(job.voucher_signer.pubkey()))
        off_curve = set(world.program.every_pda(*seeds))
        tried = 0
        for bump in range(256):
            text = b"".join(seeds) + bytes([bump]) + bytes(world.program.id) + b"ProgramDerivedAddress"
            address = Pubkey.from_bytes(hashlib.sha256(text).digest())
            if address in off_curve:
                continue
            tried += 1
            opening = replaced(world.open_instruction(job, bump=bump), 0, address)
            outcome = world.vm.send([opening], [job.client])
            assert outcome.error in ("ProgramFailedToComplete", "PrivilegeEscalation", "InvalidSeeds"), bump
        assert tried > 80

    def test_a_lower_bump_is_a_request_of_the_same_client(self, world: World) -> None:
        """It is allowed, and does what any other request does: the client signed for it and alone can cancel it."""
        job = world.job()
        seeds = (b"request", bytes(job.client.pubkey()), bytes(job.voucher_signer.pubkey()))
        for bump in range(254, -1, -1):
            instruction = world.open_instruction(job, bump=bump)
            others = [a for a in world.program.every_pda(*seeds) if a != job.address]
            for address in others[-1:]:
                outcome = world.vm.send([replaced(instruction, 0, address)], [job.client])
                if outcome.error is None:
                    cancel = world.program.cancel_request(address, job.client.pubkey())
                    world.vm.must([cancel], [job.client])
                    return
        raise AssertionError("no other bump fits")


class TestRecreation:
    """S6."""

    def test_a_request_twice(self, world: World) -> None:
        job = world.job()
        opening = world.open_instruction(job)
        world.vm.refuse(Error.AccountDiscriminatorAlreadySet, [opening, opening], [job.client])
        world.vm.must([opening], [job.client])
        world.vm.refuse(Error.AccountDiscriminatorAlreadySet, [opening], [job.client])

    def test_over_an_account_with_data_or_another_owner(self, world: World) -> None:
        for data, owner in ((b"x", Pubkey.default()), (b"", Keypair().pubkey()), (bytes(520), world.program.id)):
            job = world.job()
            world.vm.set_account(job.address, 50_000_000, data, owner)
            world.vm.refuse(Error.AccountDiscriminatorAlreadySet, [world.open_instruction(job)], [job.client])


class TestStateMatrix:
    """S14: every instruction on a request in every state."""

    CALLS = ("cancel", "lock", "release", "begin", "claim", "voucher", "expire", "flag", "close")
    # The error in the states open, locked, claimed; None where it succeeds. Nothing has expired.
    MATRIX = {
        "cancel": (None, Error.RequestNotOpen, Error.RequestNotOpen),
        "lock": (None, Error.RequestNotOpen, Error.RequestNotOpen),
        "release": (Error.RequestNotLocked, None, Error.RequestNotLocked),
        "begin": (Error.RequestNotLocked, None, Error.RequestNotLocked),
        "claim": (Error.RequestNotLocked, None, Error.RequestNotLocked),
        "voucher": (Error.RequestNotLocked, None, Error.RequestNotLocked),
        "expire": (Error.RequestNotExpired, Error.RequestNotExpired, Error.RequestNotLocked),
        "flag": (Error.RequestNotLocked, None, None),
        "close": (Error.RequestNotClaimed, Error.RequestNotClaimed, None),
    }

    def bring(self, world: World, owner: Keypair, state: int) -> Job:
        return {OPEN: world.open, LOCKED: lambda: world.locked(owner), CLAIMED: lambda: world.claimed(owner)}[state]()

    def call(self, world: World, owner: Keypair, job: Job, name: str) -> tuple[list[Instruction], list[Keypair]]:
        program, client, key = world.program, job.client.pubkey(), owner.pubkey()
        server = program.server(key)
        match name:
            case "cancel":
                return [program.cancel_request(job.address, client)], [job.client]
            case "lock":
                return [world.lock_instruction(job, owner)], [owner]
            case "release":
                return [program.release_request(job.address, key, client)], [owner]
            case "begin":
                return [program.begin_close(job.address, client)], [job.client]
            case "claim":
                return world.claim_instructions(job, owner, 100), [owner]
            case "voucher":
                return world.claim_instructions(job, owner, 100, vouched=100), [owner]
            case "expire":
                return [program.expire_request(job.address, client, server)], [owner]
            case "flag":
                return [program.flag_response(job.address, client, server)], [job.client]
        return [program.close_request(job.address, client)], [job.client]

    @pytest.mark.parametrize("state", [OPEN, LOCKED, CLAIMED])
    @pytest.mark.parametrize("name", CALLS)
    def test_every_pair(self, world: World, name: str, state: int) -> None:
        owner = world.provider()
        job = self.bring(world, owner, state)
        instructions, signers = self.call(world, owner, job, name)
        expected = self.MATRIX[name][state]
        if expected is None:
            world.vm.must(instructions, signers)
        else:
            world.vm.refuse(expected, instructions, signers)

    @pytest.mark.parametrize("name", CALLS)
    def test_after_the_end(self, world: World, name: str) -> None:
        owner = world.provider()
        job = world.locked(owner)
        instructions, signers = self.call(world, owner, job, name)
        world.claim(job, owner, 100)
        world.vm.must([world.program.close_request(job.address, job.client.pubkey())], [job.client])
        world.vm.refuse(Error.AccountOwnedByWrongProgram, instructions, signers)


class TestStakes:
    """S9."""

    @pytest.mark.parametrize("stake", [2**64 - 1, 2**64 - 1_000_000])
    def test_that_overflow_with_the_rent(self, world: World, stake: int) -> None:
        job = world.job(stake=stake)
        world.vm.refuse(Error.StakeOutOfRange, [world.open_instruction(job)], [job.client])

    def test_that_the_wallet_has_not(self, world: World) -> None:
        job = world.job(stake=2**63)
        # The system program's own code for too few lamports.
        world.vm.refuse(1, [world.open_instruction(job)], [job.client])

    def test_nothing(self, world: World) -> None:
        job = world.job(stake=0, credit=0)
        world.vm.refuse(Error.StakeOutOfRange, [world.open_instruction(job)], [job.client])

    def test_one_lamport(self, world: World) -> None:
        owner = world.provider(minimum_charge=0)
        job = world.locked(owner, stake=1, credit=1)
        world.claim(job, owner, 1)
        assert world.request(job).charge == 1

    def test_credit_above_the_stake(self, world: World) -> None:
        job = world.job(stake=100, credit=101)
        world.vm.refuse(Error.CreditAboveStake, [world.open_instruction(job)], [job.client])

    def test_below_the_minimum_charge(self, world: World) -> None:
        owner = world.provider(minimum_charge=1_000)
        job = world.open(stake=999, credit=0)
        world.vm.refuse(Error.StakeBelowMinimumCharge, [world.lock_instruction(job, owner)], [owner])
        direct = world.job(stake=999, credit=0)
        world.vm.refuse(Error.StakeBelowMinimumCharge, [world.open_instruction(direct, direct=owner)], [direct.client])

    @pytest.mark.parametrize(
        ("cap", "listed"),
        [("maximum_output_price", 400_000), ("maximum_input_price", 100_000), ("maximum_minimum_charge", 1_000)],
    )
    def test_caps(self, world: World, cap: str, listed: int) -> None:
        owner = world.provider()
        for options, fits in (({cap: listed}, True), ({cap: listed - 1}, False), ({cap: 0}, False)):
            job, direct = world.open(**options), world.job(**options)
            lock, named = world.lock_instruction(job, owner), world.open_instruction(direct, direct=owner)
            if fits:
                world.vm.must([lock], [owner])
                world.vm.must([named], [direct.client])
            else:
                world.vm.refuse(Error.PriceAboveCap, [lock], [owner])
                world.vm.refuse(Error.PriceAboveCap, [named], [direct.client])

    def test_modes(self, world: World) -> None:
        for mode in (2, 3, 128, 255):
            job = world.job()
            world.vm.refuse(Error.ModeUnknown, [world.open_instruction(job, mode=mode)], [job.client])


class TestReferencesHoles:
    """R1 to R9: what the program that this one replaces got wrong."""

    def test_r1_cancel_after_lock(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner)
        world.vm.refuse(
            Error.RequestNotOpen, [world.program.cancel_request(job.address, job.client.pubkey())], [job.client]
        )

    def test_r2_deadlines_exist(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner)
        request = world.request(job)
        assert request.created_at < request.locked_at < request.deadline == request.locked_at + 3_600
        assert request.expires_at > request.created_at

    def test_r3_claims_need_evidence(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner, credit=0)
        world.vm.refuse(Error.AmountNotVouched, world.claim_instructions(job, owner, 1), [owner])

    def test_r4_many_requests_of_one_wallet(self, world: World) -> None:
        client = world.vm.keypair()
        assert world.open(client).address != world.open(client).address

    def test_r5_the_payee_must_be_writable(self, world: World) -> None:
        job = world.open()
        payer = world.vm.keypair()
        cancel = world.program.cancel_request(job.address, job.client.pubkey())
        accounts = list(cancel.accounts)
        accounts[1] = AccountMeta(job.client.pubkey(), is_signer=True, is_writable=False)
        read_only = Instruction(cancel.program_id, bytes(cancel.data), accounts)
        world.vm.refuse(Error.ConstraintMut, [read_only], [payer, job.client])

    def test_r6_price_and_heartbeat_at_the_lock(self, world: World) -> None:
        owner = world.provider(output_price=400_000)
        job = world.open(maximum_output_price=399_999)
        world.vm.refuse(Error.PriceAboveCap, [world.lock_instruction(job, owner)], [owner])
        job = world.open(maximum_output_price=400_000)
        world.vm.advance(seconds=1_000)
        world.vm.refuse(Error.HeartbeatStale, [world.lock_instruction(job, owner)], [owner])

    def test_r7_models_are_compared_by_hash(self, world: World) -> None:
        owner = world.provider(model="meta-llama/Llama-3.1-8B-Instruct-")
        job = world.open(model_id=MODEL)
        world.vm.refuse(Error.ModelMismatch, [world.lock_instruction(job, owner)], [owner])

    def test_r8_long_addresses_have_an_error_of_their_own(self, world: World) -> None:
        owner = world.provider()
        job = world.open()
        long = world.lock_instruction(job, owner, peer_address="x" * 193)
        world.vm.refuse(Error.PeerAddressInvalid, [long], [owner])
        world.lock(job, owner, peer_address="x" * 192)
        assert world.request(job).peer_address == "x" * 192

    def test_r9_events_fees_and_versions(self, fee_world: World) -> None:
        owner = fee_world.provider()
        job = fee_world.locked(owner)
        outcome = fee_world.claim(job, owner, 40_000, vouched=40_000)
        assert len(outcome.events) == 1
        assert fee_world.server(owner).fees_owed == 1_000
        assert (fee_world.request(job).version, fee_world.server(owner).version, fee_world.market.version) == (1, 1, 1)


def test_a_client_cannot_serve_itself(world: World) -> None:
    """S5: one wallet on both sides."""
    owner = world.provider()
    job = world.open(owner)
    world.vm.refuse(Error.OwnRequest, [world.lock_instruction(job, owner)], [owner])
    direct = world.job(owner)
    world.vm.refuse(Error.OwnRequest, [world.open_instruction(direct, direct=owner)], [owner])


def test_fake_markets(world: World) -> None:
    """A market of the attacker's own, with a fee of 0, in the place of the market."""
    owner = world.provider()
    job = world.open()
    fake = Keypair().pubkey()
    data = world.vm.data(world.program.market)
    world.vm.set_account(fake, 10_000_000, data, Keypair().pubkey())
    lock = replaced(world.lock_instruction(job, owner), 3, fake)
    world.vm.refuse(Error.AccountOwnedByWrongProgram, [lock], [owner])


@pytest.mark.parametrize("seed", range(4))
def test_random_lives_conserve_lamports_and_always_end(seed: int) -> None:
    """S20: whatever happens in whatever order, nothing is lost, and in the end somebody can close every request.

    `VM.send` checks after each transaction that lamports are conserved and that refusals change nothing.
    """
    generator = random.Random(seed)
    world = World(fee=generator.choice([0, 1, 250, 1_000]))
    owners = [world.provider() for _ in range(2)]
    clients = [world.vm.keypair() for _ in range(3)]
    jobs: list[Job] = []
    results: Counter[str] = Counter()
    for _ in range(250):
        if not jobs or generator.random() < 0.15:
            stake = generator.randrange(1_000, 3_000_000)
            credit = generator.randrange(0, min(stake, 50_000) + 1)
            job = world.job(generator.choice(clients), stake=stake, credit=credit, lifetime=generator.randrange(1, 9_000))
            direct = generator.choice([None, *owners])
            outcome = world.vm.send([world.open_instruction(job, direct=direct)], [job.client])
            if outcome.error is None:
                jobs.append(job)
        else:
            outcome = random_call(world, generator, generator.choice(jobs), generator.choice(owners))
        results["accepted" if outcome.error is None else "refused"] += 1
        world.vm.advance(seconds=generator.choice([0, 1, 1, 30, 61, 700, 4_000]))
        if generator.random() < 0.3:
            world.vm.must([world.program.heartbeat(owner.pubkey()) for owner in owners], owners)
        jobs = [job for job in jobs if world.vm.account(job.address) is not None]
        for job in jobs:
            request = world.request(job)
            assert request.charge <= request.stake
    assert min(results.values()) > 30, results
    world.vm.advance(seconds=700_000)
    crank = world.vm.keypair()
    for job in jobs:
        client, request = job.client.pubkey(), world.request(job)
        end = (
            world.program.close_request(job.address, client, signed=False)
            if request.state == CLAIMED
            else world.program.expire_request(job.address, client, None if request.state == OPEN else request.server)
        )
        world.vm.must([end], [crank])
    assert all(world.server(owner).open_locks == 0 for owner in owners)
    treasury = world.vm.balance(world.treasury)
    owed = sum(world.server(owner).fees_owed for owner in owners)
    for owner in owners:
        world.vm.must([world.program.close_server(owner.pubkey(), world.treasury)], [owner])
    assert world.vm.balance(world.treasury) == treasury + owed
    assert len(world.vm.svm.get_program_accounts(world.program.id)) == 1


def random_call(world: World, generator: random.Random, job: Job, owner: Keypair):
    program, client, key = world.program, job.client.pubkey(), owner.pubkey()
    server, request = program.server(key), world.request(job)
    match generator.randrange(8):
        case 0:
            return world.vm.send([program.cancel_request(job.address, client)], [job.client])
        case 1 | 2:
            lock = program.lock_request(job.address, key, request.created_slot, request.stake)
            return world.vm.send([lock], [owner])
        case 3:
            return world.vm.send([program.release_request(job.address, key, client)], [owner])
        case 4:
            return world.vm.send([program.begin_close(job.address, client)], [job.client])
        case 5:
            amount = generator.choice([0, 1, 890_880, request.stake, generator.randrange(0, request.stake + 2)])
            vouched = generator.randrange(0, request.stake * 2)
            proof = verification(job.voucher_signer, message(job.address, vouched, request.locked_at))
            claim = program.claim_payment(job.address, key, client, amount, vouched=True)
            return world.vm.send([proof, claim], [owner])
        case 6:
            return world.vm.send([program.expire_request(job.address, client, server)], [owner])
    return world.vm.send([program.close_request(job.address, client)], [job.client])


def test_sysvars_cannot_stand_for_accounts(world: World) -> None:
    owner = world.provider()
    job = world.locked(owner)
    (claim,) = world.claim_instructions(job, owner, 1)
    for index in (0, 1):
        accounts = list(claim.accounts)
        accounts[index] = r(INSTRUCTIONS_SYSVAR)
        bad = Instruction(claim.program_id, bytes(claim.data), accounts)
        outcome = world.vm.send([bad], [owner])
        assert outcome.error in (Error.AccountOwnedByWrongProgram, Error.WrongServer)


def test_amounts_at_the_edges_of_64_bits(world: World) -> None:
    owner = world.provider()
    job = world.locked(owner, stake=1_000, credit=0)
    for amount in (1_001, 2**32, 2**63 - 1, 2**63, 2**64 - 1):
        (claim,) = world.claim_instructions(job, owner, 0)
        data = bytes(claim.data)[:8] + struct.pack("<Q", amount)
        world.vm.refuse(
            Error.AmountAboveStake, [Instruction(claim.program_id, data, list(claim.accounts))], [owner]
        )
