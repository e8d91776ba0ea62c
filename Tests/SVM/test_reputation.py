"""Counters: every row of the design's table, the edges, and what must not count."""

from __future__ import annotations

import pytest
from market.accounts import FLAGGED, VOUCHED
from market.errors import Error
from market.instructions import Instruction
from solders.keypair import Keypair
from world import Job, World


def counters(world: World, owner: Keypair) -> dict[str, int]:
    names = ("completed", "failed", "flagged", "compared", "preferred", "earned")
    return {name: value for name in names if (value := getattr(world.server(owner), name))}


def flag(world: World, job: Job, owner: Keypair) -> Instruction:
    return world.program.flag_response(job.address, job.client.pubkey(), world.program.server(owner.pubkey()))


def expire(world: World, job: Job, owner: Keypair) -> Instruction:
    return world.program.expire_request(job.address, job.client.pubkey(), world.program.server(owner.pubkey()))


class TestClaims:
    def test_with_a_voucher(self, world: World) -> None:
        owner = world.provider()
        world.claimed(owner, amount=30_000)
        assert counters(world, owner) == {"completed": 1, "earned": 30_000}

    @pytest.mark.parametrize(("amount", "vouched"), [(0, 30_000), (0, 0), (5_000, 0), (0, None), (5_000, None)])
    def test_for_nothing_or_without_a_word_of_the_client(self, world: World, amount: int, vouched: int | None) -> None:
        owner = world.provider()
        job = world.locked(owner)
        world.claim(job, owner, amount, vouched)
        assert counters(world, owner) == {}
        assert world.request(job).flags & VOUCHED == 0

    def test_beyond_the_voucher_on_credit(self, world: World) -> None:
        """Only what the client signed is earned."""
        owner = world.provider()
        job = world.locked(owner, credit=5_000)
        world.claim(job, owner, 5_000, vouched=100)
        assert counters(world, owner) == {"completed": 1, "earned": 100}

    def test_locks_are_counted_once(self, world: World) -> None:
        owner = world.provider()
        direct, opened = world.open(direct=owner), world.locked(owner)
        assert world.server(owner).open_locks == 1
        world.claim(direct, owner, 1)
        assert world.server(owner).open_locks == 1
        world.claim(opened, owner, 1)
        assert world.server(owner).open_locks == 0


class TestFlags:
    def test_before_the_claim(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner)
        world.vm.must([flag(world, job, owner)], [job.client])
        assert counters(world, owner) == {}
        world.claim(job, owner, 9_000, vouched=9_000)
        assert counters(world, owner) == {"completed": 1, "flagged": 1, "earned": 9_000}

    def test_after_the_claim(self, world: World) -> None:
        owner = world.provider()
        job = world.claimed(owner, amount=9_000)
        world.vm.must([flag(world, job, owner)], [job.client])
        assert counters(world, owner) == {"completed": 1, "flagged": 1, "earned": 9_000}

    def test_once(self, world: World) -> None:
        owner = world.provider()
        before, after = world.locked(owner), world.claimed(owner)
        for job in (before, after):
            world.vm.must([flag(world, job, owner)], [job.client])
            world.vm.refuse(Error.AlreadyFlagged, [flag(world, job, owner)], [job.client])
        world.claim(before, owner, 1, vouched=1)
        world.vm.refuse(Error.AlreadyFlagged, [flag(world, before, owner)], [before.client])
        assert world.server(owner).flagged == 2

    def test_then_expiry(self, world: World) -> None:
        """A flag adds nothing to a failure."""
        owner = world.provider()
        job = world.locked(owner)
        world.vm.must([flag(world, job, owner)], [job.client])
        world.vm.advance(seconds=3_601)
        world.vm.must([expire(world, job, owner)], [job.client])
        assert counters(world, owner) == {"failed": 1}

    @pytest.mark.parametrize("first", [True, False])
    @pytest.mark.parametrize(("seconds", "failed"), [(59, 0), (60, 1)])
    def test_a_claim_without_voucher(self, world: World, first: bool, seconds: int, failed: int) -> None:
        """Whether the flag comes before or after it, within a minute of the lock it does not count."""
        owner = world.provider()
        job = world.locked(owner)
        if first:
            world.vm.must([flag(world, job, owner)], [job.client])
        world.vm.advance(seconds=seconds)
        world.claim(job, owner, 100)
        if not first:
            world.vm.must([flag(world, job, owner)], [job.client])
        assert counters(world, owner) == ({"failed": 1} if failed else {})

    def test_a_release_forgets_the_flag(self, world: World) -> None:
        """It was for the server that has gone, not for the next."""
        first, second = world.provider(), world.provider()
        job = world.locked(first)
        world.vm.must([flag(world, job, first)], [job.client])
        assert world.request(job).flags == FLAGGED
        world.vm.must([world.program.release_request(job.address, first.pubkey(), job.client.pubkey())], [first])
        world.vm.advance(seconds=1)
        world.lock(job, second)
        world.claim(job, second, 1, vouched=1)
        assert counters(world, second) == {"completed": 1, "earned": 1}

    def test_needs_a_lock(self, world: World) -> None:
        owner = world.provider()
        job = world.open()
        world.vm.refuse(Error.RequestNotLocked, [flag(world, job, owner)], [job.client])

    def test_of_a_server_that_has_gone(self, world: World) -> None:
        owner = world.provider()
        job = world.claimed(owner)
        world.vm.must([world.program.close_server(owner.pubkey(), world.treasury)], [owner])
        world.vm.must([flag(world, job, owner)], [job.client])
        assert world.request(job).flags & FLAGGED

    def test_of_a_server_that_registered_again(self, world: World) -> None:
        """A flag for the old record would underflow the ratio of the new one."""
        owner = world.provider()
        job = world.claimed(owner)
        world.vm.must([world.program.close_server(owner.pubkey(), world.treasury)], [owner])
        world.vm.must([world.program.add_server(owner.pubkey())], [owner])
        world.vm.must([flag(world, job, owner)], [job.client])
        assert counters(world, owner) == {}


class TestLocksThatComeToNothing:
    @pytest.mark.parametrize(("seconds", "failed"), [(59, 0), (60, 1), (3_000, 1)])
    def test_release(self, world: World, seconds: int, failed: int) -> None:
        owner = world.provider()
        job = world.locked(owner, lifetime=604_800)
        world.vm.advance(seconds=seconds)
        world.vm.must([world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())], [owner])
        assert world.server(owner).failed == failed

    def test_direct_requests_never_spoil_a_record(self, world: World) -> None:
        owner = world.provider()
        ignored, released, flagged = (world.open(direct=owner) for _ in range(3))
        world.vm.must([flag(world, flagged, owner)], [flagged.client])
        world.vm.advance(seconds=3_500)
        world.vm.must(
            [world.program.release_request(released.address, owner.pubkey(), released.client.pubkey())], [owner]
        )
        assert world.vm.account(released.address) is None
        world.vm.advance(seconds=200)
        for job in (ignored, flagged):
            world.vm.must([expire(world, job, owner)], [world.vm.keypair()])
        assert counters(world, owner) == {}

    def test_direct_requests_keep_no_server_from_closing(self, world: World) -> None:
        owner = world.provider()
        job = world.open(direct=owner)
        world.vm.must([world.program.close_server(owner.pubkey(), world.treasury)], [owner])
        world.vm.advance(seconds=3_601)
        world.vm.must([expire(world, job, owner)], [job.client])

    def test_open_locks_do(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner)
        close = world.program.close_server(owner.pubkey(), world.treasury)
        world.vm.refuse(Error.ServerHasOpenLocks, [close], [owner])
        world.claim(job, owner, 0)
        world.vm.must([close], [owner])


class TestCriteria:
    def record(self, world: World, owner: Keypair, completed: int, flagged: int = 0, failed: int = 0) -> None:
        for number in range(completed):
            job = world.claimed(owner, amount=1)
            if number < flagged:
                world.vm.must([flag(world, job, owner)], [job.client])
        for _ in range(failed):
            job = world.locked(owner)
            world.vm.advance(seconds=61)
            world.vm.must([world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())], [owner])

    @pytest.mark.parametrize(
        ("completed", "flagged", "failed", "minimum", "passes"),
        [
            (0, 0, 0, 10_000, True),
            (0, 0, 1, 1, False),
            (0, 0, 1, 0, True),
            (3, 0, 1, 7_500, True),
            (3, 0, 1, 7_501, False),
            (4, 1, 0, 7_500, True),
            (4, 1, 0, 7_501, False),
            (2, 2, 0, 1, False),
            (2, 0, 0, 10_000, True),
        ],
    )
    def test_success(
        self, world: World, completed: int, flagged: int, failed: int, minimum: int, passes: bool
    ) -> None:
        owner = world.provider()
        self.record(world, owner, completed, flagged, failed)
        job = world.open(minimum_success=minimum)
        lock = [world.lock_instruction(job, owner)]
        direct = world.job(minimum_success=minimum)
        named = [world.open_instruction(direct, direct=owner)]
        if passes:
            world.vm.must(named, [direct.client])
            world.vm.must(lock, [owner])
        else:
            world.vm.refuse(Error.CriteriaNotMet, named, [direct.client])
            world.vm.refuse(Error.CriteriaNotMet, lock, [owner])

    @pytest.mark.parametrize("minimum", [0, 2, 3, 2**64 - 1])
    def test_completed(self, world: World, minimum: int) -> None:
        owner = world.provider()
        self.record(world, owner, completed=2)
        job = world.open(minimum_completed=minimum)
        lock = [world.lock_instruction(job, owner)]
        if minimum <= 2:
            world.vm.must(lock, [owner])
        else:
            world.vm.refuse(Error.CriteriaNotMet, lock, [owner])

    def test_preference(self, world: World) -> None:
        liked, other = world.provider(), world.provider()
        compare(world, liked, other)
        for owner, minimum, passes in ((liked, 10_000, True), (other, 0, True), (other, 1, False)):
            job = world.open(minimum_preference=minimum)
            lock = [world.lock_instruction(job, owner)]
            if passes:
                world.vm.must(lock, [owner])
            else:
                world.vm.refuse(Error.CriteriaNotMet, lock, [owner])

    @pytest.mark.parametrize("field", ["minimum_success", "minimum_preference", "maximum_fee_basis_points"])
    def test_ratios_above_the_whole(self, world: World, field: str) -> None:
        for value in (10_001, 65_535):
            job = world.job(**{field: value})
            world.vm.refuse(Error.CriteriaOutOfRange, [world.open_instruction(job)], [job.client])
        world.open(**{field: 10_000})


def compare(
    world: World, better: Keypair, worse: Keypair, clients: tuple[Keypair, Keypair] | None = None, **terms: object
) -> tuple[Instruction, list[Keypair]]:
    """Two claimed requests and their comparison, which is sent."""
    instruction, signers = comparison(world, better, worse, clients, **terms)
    world.vm.must([instruction], signers)
    return instruction, signers


def comparison(
    world: World, better: Keypair, worse: Keypair, clients: tuple[Keypair, Keypair] | None = None, **terms: object
) -> tuple[Instruction, list[Keypair]]:
    first, second = clients or (None, None)
    one = world.claimed(better, client=first, **terms)
    two = world.claimed(worse, client=second, **terms)
    return of(world, one, better, two, worse), [one.client, two.client]


def of(world: World, one: Job, better: Keypair, two: Job, worse: Keypair) -> Instruction:
    server = world.program.server
    return world.program.compare_responses(
        one.address,
        two.address,
        server(better.pubkey()),
        server(worse.pubkey()),
        one.client.pubkey(),
        two.client.pubkey(),
    )


class TestComparisons:
    def test_counts_on_both_sides(self, world: World) -> None:
        better, worse = world.provider(), world.provider()
        instruction, signers = compare(world, better, worse)
        assert counters(world, better) == {"completed": 1, "compared": 1, "preferred": 1, "earned": 20_000}
        assert counters(world, worse) == {"completed": 1, "compared": 1, "earned": 20_000}
        world.vm.refuse(Error.AlreadyCompared, [instruction], signers)

    def test_one_of_them_compared_before(self, world: World) -> None:
        owners = [world.provider() for _ in range(3)]
        jobs = [world.claimed(owner) for owner in owners]
        world.vm.must([of(world, jobs[0], owners[0], jobs[1], owners[1])], [jobs[0].client, jobs[1].client])
        for one, two in ((1, 2), (2, 1)):
            instruction = of(world, jobs[one], owners[one], jobs[two], owners[two])
            world.vm.refuse(Error.AlreadyCompared, [instruction], [jobs[one].client, jobs[two].client])

    @pytest.mark.parametrize("again", [True, False])
    def test_by_one_client(self, world: World, again: bool) -> None:
        """The last account may repeat the one before it, or be left out."""
        client = world.vm.keypair()
        better, worse = world.provider(), world.provider()
        instruction, _ = comparison(world, better, worse, (client, client))
        accounts = list(instruction.accounts)
        if not again:
            accounts = accounts[:6]
        world.vm.must([Instruction(instruction.program_id, bytes(instruction.data), accounts)], [client])
        assert world.server(better).preferred == 1

    def test_without_the_other_clients_signature(self, world: World) -> None:
        better, worse = world.provider(), world.provider()
        instruction, signers = comparison(world, better, worse)
        accounts = list(instruction.accounts)
        shorter = Instruction(instruction.program_id, bytes(instruction.data), accounts[:6])
        world.vm.refuse(Error.AccountNotEnoughKeys, [shorter], signers[:1])
        stranger = world.vm.keypair()
        accounts[6] = type(accounts[6])(stranger.pubkey(), is_signer=True, is_writable=False)
        forged = Instruction(instruction.program_id, bytes(instruction.data), accounts)
        world.vm.refuse(Error.WrongRequester, [forged], [signers[0], stranger])

    def test_one_server_cannot_be_compared_with_itself(self, world: World) -> None:
        owner = world.provider()
        one, two = world.claimed(owner), world.claimed(owner)
        third = world.provider()
        instruction = world.program.compare_responses(
            one.address,
            two.address,
            world.program.server(owner.pubkey()),
            world.program.server(third.pubkey()),
            one.client.pubkey(),
            two.client.pubkey(),
        )
        world.vm.refuse(Error.SameServer, [instruction], [one.client, two.client])

    def test_other_models(self, world: World) -> None:
        better, worse = world.provider(), world.provider(model="another/model")
        one, two = world.claimed(better), world.claimed(worse, model_id="another/model")
        world.vm.refuse(Error.ModelMismatch, [of(world, one, better, two, worse)], [one.client, two.client])

    def test_charges_below_the_minimum(self, fee_world: World) -> None:
        world = fee_world
        better, worse = world.provider(), world.provider()
        enough, small = world.claimed(better, amount=10_000), world.claimed(worse, amount=9_999)
        instruction = of(world, enough, better, small, worse)
        world.vm.refuse(Error.ChargeTooSmall, [instruction], [enough.client, small.client])

    def test_claims_on_credit(self, world: World) -> None:
        better, worse = world.provider(), world.provider()
        vouched, credit = world.claimed(better), world.locked(worse)
        world.claim(credit, worse, 5_000)
        world.vm.refuse(
            Error.NotVouched, [of(world, credit, worse, vouched, better)], [credit.client, vouched.client]
        )

    def test_requests_that_are_not_claimed(self, world: World) -> None:
        better, worse = world.provider(), world.provider()
        claimed, locked = world.claimed(better), world.locked(worse)
        world.vm.refuse(
            Error.RequestNotClaimed, [of(world, claimed, better, locked, worse)], [claimed.client, locked.client]
        )

    def test_a_server_that_registered_again(self, world: World) -> None:
        better, worse = world.provider(), world.provider()
        instruction, signers = comparison(world, better, worse)
        world.vm.must([world.program.close_server(better.pubkey(), world.treasury)], [better])
        world.vm.refuse(Error.AccountOwnedByWrongProgram, [instruction], signers)
        world.vm.must([world.program.add_server(better.pubkey())], [better])
        world.vm.refuse(Error.ServerReregistered, [instruction], signers)

    def test_servers_in_the_wrong_order(self, world: World) -> None:
        better, worse = world.provider(), world.provider()
        instruction, signers = comparison(world, better, worse)
        accounts = list(instruction.accounts)
        accounts[3], accounts[4] = accounts[4], accounts[3]
        turned = Instruction(instruction.program_id, bytes(instruction.data), accounts)
        world.vm.refuse(Error.WrongServer, [turned], signers)
