"""S13: every limit of time, one second before and one after."""

from __future__ import annotations

from dataclasses import replace

import pytest
from market.errors import Error
from solders.keypair import Keypair
from world import World, model_hash


def test_a_lock_needs_an_unexpired_request(world: World) -> None:
    owner = world.provider()
    job = world.open(lifetime=500)
    world.vm.set_time(world.request(job).expires_at + 1)
    world.vm.refuse(Error.RequestExpired, [world.lock_instruction(job, owner)], [owner])
    world.vm.set_time(world.request(job).expires_at)
    world.vm.must([world.lock_instruction(job, owner)], [owner])


def test_an_open_request_expires_after_its_time(world: World) -> None:
    job = world.open(lifetime=500)
    expire = [world.program.expire_request(job.address, job.client.pubkey())]
    world.vm.set_time(world.request(job).expires_at)
    world.vm.refuse(Error.RequestNotExpired, expire, [job.client])
    world.vm.advance(seconds=1)
    world.vm.must(expire, [job.client])


@pytest.mark.parametrize("lifetime", [1, 604_800])
def test_the_shortest_and_the_longest_life(world: World, lifetime: int) -> None:
    job = world.open(lifetime=lifetime)
    assert world.request(job).expires_at == world.request(job).created_at + lifetime


@pytest.mark.parametrize("lifetime", [0, 604_801, 2**63, 2**64 - 1])
def test_other_lives_are_refused(world: World, lifetime: int) -> None:
    job = world.job(lifetime=lifetime)
    world.vm.refuse(Error.LifetimeOutOfRange, [world.open_instruction(job)], [job.client])


@pytest.mark.parametrize("vouched", [None, 1_000])
def test_a_claim_may_come_until_the_deadline(world: World, vouched: int | None) -> None:
    owner = world.provider()
    job = world.locked(owner)
    claim = world.claim_instructions(job, owner, 1_000, vouched)
    world.vm.set_time(world.request(job).deadline + 1)
    world.vm.refuse(Error.DeadlinePassed, claim, [owner])
    world.vm.set_time(world.request(job).deadline)
    expire = [world.program.expire_request(job.address, job.client.pubkey(), world.program.server(owner.pubkey()))]
    world.vm.refuse(Error.RequestNotExpired, expire, [job.client])
    world.vm.must(claim, [owner])


def test_begin_close_never_makes_the_deadline_later(world: World) -> None:
    owner = world.provider()
    job = world.locked(owner)
    begin = [world.program.begin_close(job.address, job.client.pubkey())]
    first = world.request(job).deadline
    world.vm.set_time(first - 599)
    world.vm.must(begin, [job.client])
    assert world.request(job).deadline == first
    assert world.request(job).flags == 16


def test_begin_close_twice_keeps_the_first(world: World) -> None:
    owner = world.provider()
    job = world.locked(owner)
    begin = [world.program.begin_close(job.address, job.client.pubkey())]
    world.vm.must(begin, [job.client])
    deadline = world.request(job).deadline
    assert deadline == world.vm.now + 600
    world.vm.advance(seconds=300)
    world.vm.must(begin, [job.client])
    assert world.request(job).deadline == deadline


def test_the_server_can_claim_what_it_has_vouchers_for_while_the_client_closes(world: World) -> None:
    owner = world.provider()
    job = world.locked(owner)
    world.vm.must([world.program.begin_close(job.address, job.client.pubkey())], [job.client])
    # The voucher's expiry is that of the lock, and does not move.
    claim = world.claim_instructions(job, owner, 70_000, vouched=70_000)
    world.vm.set_time(world.request(job).deadline)
    world.vm.must(claim, [owner])


def test_begin_close_needs_a_lock(world: World) -> None:
    opened, claimed = world.open(), world.claimed(world.provider())
    for job in (opened, claimed):
        world.vm.refuse(
            Error.RequestNotLocked, [world.program.begin_close(job.address, job.client.pubkey())], [job.client]
        )


def test_a_released_request_goes_to_a_client_that_closes(world: World) -> None:
    """Otherwise accomplices could hand the request around and keep the stake for as long as it lives."""
    owner = world.provider()
    job = world.locked(owner, lifetime=604_800)
    world.vm.must([world.program.begin_close(job.address, job.client.pubkey())], [job.client])
    world.vm.must([world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())], [owner])
    assert world.vm.account(job.address) is None


def test_a_released_request_that_has_expired_goes_to_its_client(world: World) -> None:
    owner = world.provider()
    job = world.locked(owner, lifetime=10)
    world.vm.set_time(world.request(job).expires_at + 1)
    world.vm.must([world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())], [owner])
    assert world.vm.account(job.address) is None


def test_a_request_cannot_be_locked_again_in_the_same_second(world: World) -> None:
    owner, other = world.provider(), world.provider()
    job = world.open()
    lock = world.lock_instruction(job, owner)
    release = world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())
    world.vm.refuse(Error.LockTooSoon, [lock, release, lock], [owner])
    world.vm.must([lock, release], [owner])
    world.vm.refuse(Error.LockTooSoon, [world.lock_instruction(job, other)], [other])
    # Clocks of clusters have gone backwards by seconds.
    world.vm.advance(seconds=-2)
    world.vm.refuse(Error.LockTooSoon, [world.lock_instruction(job, other)], [other])
    world.vm.advance(seconds=3)
    world.lock(job, other)


def test_a_server_must_have_shown_itself(world: World) -> None:
    owner = world.provider()
    job = world.open()
    beat = world.server(owner).heartbeat_at
    world.vm.set_time(beat + 901)
    world.vm.refuse(Error.HeartbeatStale, [world.lock_instruction(job, owner)], [owner])
    direct = world.job()
    world.vm.refuse(Error.HeartbeatStale, [world.open_instruction(direct, direct=owner)], [direct.client])
    world.vm.set_time(beat + 900)
    world.vm.must([world.open_instruction(direct, direct=owner)], [direct.client])
    world.vm.must([world.lock_instruction(job, owner)], [owner])
    assert world.server(owner).heartbeat_at == beat + 900


def test_a_heartbeat_refreshes(world: World) -> None:
    owner = world.provider()
    world.vm.advance(seconds=5_000)
    job = world.open()
    world.vm.refuse(Error.HeartbeatStale, [world.lock_instruction(job, owner)], [owner])
    world.vm.must([world.program.heartbeat(owner.pubkey()), world.lock_instruction(job, owner)], [owner])


def test_a_listing_raised_after_the_request_locks_nothing(world: World) -> None:
    """R6: the reference program lets a server raise its price between request and lock."""
    owner = world.provider(output_price=400_000)
    job = world.open()
    key = owner.pubkey()
    raises = [(400_001, 100_000, 1_000), (400_000, 100_001, 1_000), (400_000, 100_000, 1_001)]
    for prices in raises:
        raised = world.program.set_listing(key, job.terms.model_id, *prices)
        world.vm.refuse(Error.ListingRaised, [raised, world.lock_instruction(job, owner)], [owner])
    removed = world.program.remove_listing(key, model_hash())
    again = world.program.set_listing(key, job.terms.model_id, 1)
    world.vm.refuse(Error.ListingRaised, [removed, again, world.lock_instruction(job, owner)], [owner])
    # Lowering is welcome.
    lowered = world.program.set_listing(key, job.terms.model_id, 399_999, 100_000, 1_000)
    world.vm.must([lowered, world.lock_instruction(job, owner)], [owner])
    assert world.request(job).output_price == 399_999


def test_a_listing_made_in_the_slot_of_the_request_locks_nothing(world: World) -> None:
    owner = world.vm.keypair()
    world.vm.must(
        [
            world.program.add_server(owner.pubkey()),
            world.program.set_listing(owner.pubkey(), "meta-llama/Llama-3.1-8B-Instruct", 5),
        ],
        [owner],
    )
    job = world.job()
    world.vm.must([world.open_instruction(job)], [job.client])
    world.vm.refuse(Error.ListingRaised, [world.lock_instruction(job, owner)], [owner])


def test_a_request_created_again_under_the_lock(world: World) -> None:
    owner = world.provider()
    job = world.open(stake=1_000_000)
    lock = world.lock_instruction(job, owner)
    world.vm.must([world.program.cancel_request(job.address, job.client.pubkey())], [job.client])
    poorer = replace(job, terms=replace(job.terms, stake=1, credit=0))
    world.vm.must([world.open_instruction(poorer)], [job.client])
    world.vm.refuse(Error.RequestRecreated, [lock], [owner])
    stake = world.lock_instruction(poorer, owner, stake=1_000_000)
    world.vm.refuse(Error.RequestRecreated, [stake], [owner])
    slot = world.lock_instruction(poorer, owner, created_slot=world.request(poorer).created_slot + 1)
    world.vm.refuse(Error.RequestRecreated, [slot], [owner])


def test_only_the_client_closes_within_a_day(world: World) -> None:
    owner, stranger = world.provider(), world.vm.keypair()
    job = world.claimed(owner)
    by_stranger = [world.program.close_request(job.address, job.client.pubkey(), signed=False)]
    world.vm.set_time(world.request(job).claimed_at + 86_400)
    world.vm.refuse(Error.CloseTooSoon, by_stranger, [stranger])
    world.vm.advance(seconds=1)
    world.vm.must(by_stranger, [stranger])


def test_claims_compared_within_ten_minutes(world: World) -> None:
    owners = [world.provider(), world.provider()]
    first = world.claimed(owners[0])
    second = world.locked(owners[1])
    claim = world.claim_instructions(second, owners[1], 1_000, vouched=1_000)
    third = world.locked(owners[1])
    late = world.claim_instructions(third, owners[1], 1_000, vouched=1_000)
    world.vm.set_time(world.request(first).claimed_at + 600)
    world.vm.must(claim, [owners[1]])
    world.vm.advance(seconds=1)
    world.vm.must(late, [owners[1]])
    servers = [world.program.server(owner.pubkey()) for owner in owners]
    compare = world.program.compare_responses
    clients: list[Keypair] = [first.client, third.client]
    apart = compare(first.address, third.address, *servers, *(c.pubkey() for c in clients))
    world.vm.refuse(Error.ClaimsTooFarApart, [apart], clients)
    turned = compare(third.address, first.address, *reversed(servers), *(c.pubkey() for c in reversed(clients)))
    world.vm.refuse(Error.ClaimsTooFarApart, [turned], clients)
    world.vm.must(
        [compare(first.address, second.address, *servers, first.client.pubkey(), second.client.pubkey())],
        [first.client, second.client],
    )
