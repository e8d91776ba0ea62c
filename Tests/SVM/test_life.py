"""The life of a request, both modes, field by field."""

from __future__ import annotations

import struct

from market.accounts import CLAIMED, DIRECT, LOCKED, OPEN, VOUCHED
from market.wire import discriminator
from solders.pubkey import Pubkey
from world import MODEL, World, model_hash

NOBODY = Pubkey.default()


def event(name: str, *fields: bytes) -> bytes:
    return discriminator("event", name) + b"".join(fields)


def test_open_request_from_creation_to_close(fee_world: World) -> None:
    world, vm = fee_world, fee_world.vm
    owner = world.provider()
    server = world.program.server(owner.pubkey())
    client = vm.keypair()
    wallet = vm.balance(client.pubkey())

    job = world.job(client, stake=1_000_000, credit=5_000, lifetime=7_200, minimum_completed=0)
    created, slot = vm.now, vm.slot
    opened = vm.must([world.open_instruction(job)], [client])
    request = world.request(job)
    rent = vm.minimum_balance(520 + len(MODEL))
    assert vm.balance(job.address) == 1_000_000 + rent
    assert len(vm.data(job.address)) == 520 + len(MODEL)
    assert opened.events == [event("RequestOpened", bytes(job.address), bytes(32), struct.pack("<Q", 1_000_000))]
    assert (request.requester, request.server, request.voucher_signer) == (
        client.pubkey(),
        NOBODY,
        job.voucher_signer.pubkey(),
    )
    assert (request.model_id, request.model_hash) == (MODEL, model_hash())
    assert request.client_key == bytes(range(32, 64))
    assert (request.created_slot, request.created_at, request.expires_at) == (slot, created, created + 7_200)
    assert (request.stake, request.credit, request.charge) == (1_000_000, 5_000, 0)
    assert (request.maximum_output_price, request.maximum_input_price) == (500_000, 200_000)
    assert (request.maximum_minimum_charge, request.maximum_fee_basis_points) == (10_000, 1_000)
    assert (request.state, request.flags, request.version, request.locked_at) == (OPEN, 0, 1, 0)
    assert world.program.request(client.pubkey(), job.voucher_signer.pubkey()) == (job.address, request.bump)

    vm.advance(seconds=2)
    locked_at = vm.now
    address = "/ip4/198.51.100.1/tcp/3819/nxk/1/" + "8" * 44
    locked = vm.must([world.lock_instruction(job, owner, peer_address=address)], [owner])
    request = world.request(job)
    assert locked.events == [event("RequestLocked", bytes(job.address), bytes(server))]
    assert (request.state, request.server, request.peer_address) == (LOCKED, server, address)
    assert (request.locked_at, request.deadline) == (locked_at, locked_at + 3_600)
    assert (request.output_price, request.input_price, request.minimum_charge) == (400_000, 100_000, 1_000)
    assert request.fee_basis_points == 250
    assert world.server(owner).open_locks == 1

    vm.advance(seconds=30)
    before = vm.balance(owner.pubkey())
    claim = vm.must(world.claim_instructions(job, owner, 80_001, vouched=80_001), [owner])
    fee = 80_001 * 250 // 10_000
    assert fee == 2_000
    request, record = world.request(job), world.server(owner)
    assert claim.events == [
        event("PaymentClaimed", bytes(job.address), bytes(server), struct.pack("<QQQ", 80_001, fee, 919_999))
    ]
    assert vm.balance(owner.pubkey()) == before + 80_001 - fee - claim.fee
    assert vm.balance(server) == vm.minimum_balance(len(vm.data(server))) + fee
    assert vm.balance(job.address) == rent
    assert (request.state, request.charge, request.claimed_at, request.flags) == (CLAIMED, 80_001, vm.now, VOUCHED)
    assert (record.open_locks, record.completed, record.failed, record.earned) == (0, 1, 0, 80_001)
    assert (record.fees_owed, record.heartbeat_at) == (fee, vm.now)

    closed = vm.must([world.program.close_request(job.address, client.pubkey())], [client])
    assert closed.events == [event("RequestClosed", bytes(job.address))]
    assert vm.account(job.address) is None
    assert vm.balance(client.pubkey()) == wallet - 80_001 - opened.fee - closed.fee


def test_direct_request_needs_no_lock(fee_world: World) -> None:
    world, vm = fee_world, fee_world.vm
    owner = world.provider()
    before = vm.data(world.program.server(owner.pubkey()))
    job = world.open(direct=owner)
    request = world.request(job)
    assert (request.state, request.flags) == (LOCKED, DIRECT)
    assert request.server == world.program.server(owner.pubkey())
    assert (request.locked_at, request.deadline) == (request.created_at, request.created_at + 3_600)
    assert (request.output_price, request.input_price, request.minimum_charge) == (400_000, 100_000, 1_000)
    assert request.fee_basis_points == 250
    # Naming a server changes nothing of it.
    assert vm.data(world.program.server(owner.pubkey())) == before
    world.claim(job, owner, 30_000, vouched=30_000)
    record = world.server(owner)
    assert (record.completed, record.open_locks, record.failed, record.earned) == (1, 0, 0, 30_000)
    assert world.request(job).flags == DIRECT | VOUCHED


def test_cancel_returns_everything(world: World) -> None:
    vm = world.vm
    client = vm.keypair()
    wallet = vm.balance(client.pubkey())
    job = world.open(client)
    cancelled = vm.must([world.program.cancel_request(job.address, client.pubkey())], [client])
    assert cancelled.events == [event("RequestCancelled", bytes(job.address))]
    assert vm.account(job.address) is None
    assert vm.balance(client.pubkey()) == wallet - 2 * cancelled.fee


def test_release_makes_the_request_as_new_but_for_the_time_of_its_lock(world: World) -> None:
    vm = world.vm
    owner = world.provider()
    job = world.open()
    fresh = world.request(job)
    world.lock(job, owner, peer_address="/dns/example.org/tcp/3819")
    locked_at = world.request(job).locked_at
    outcome = vm.must([world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())], [owner])
    assert outcome.events == [
        event("RequestReleased", bytes(job.address), bytes(world.program.server(owner.pubkey())))
    ]
    released = world.request(job)
    assert released.locked_at == locked_at
    assert {**vars(released), "locked_at": 0} == vars(fresh)
    assert world.server(owner).open_locks == 0
    # Another server takes it.
    other = world.provider()
    vm.refuse(6058, [world.lock_instruction(job, other)], [other])
    again = world.open()
    world.lock(again, other)


def test_a_released_request_can_be_locked_by_another_server(world: World) -> None:
    first, second = world.provider(), world.provider(output_price=450_000)
    job = world.locked(first)
    world.vm.must([world.program.release_request(job.address, first.pubkey(), job.client.pubkey())], [first])
    world.vm.advance(seconds=1)
    world.lock(job, second)
    request = world.request(job)
    assert request.server == world.program.server(second.pubkey())
    assert request.output_price == 450_000


def test_a_wallet_may_hold_many_requests(world: World) -> None:
    """R4: the reference program allows one request per wallet."""
    client = world.vm.keypair()
    jobs = [world.open(client) for _ in range(4)]
    assert len({job.address for job in jobs}) == 4
    assert all(world.request(job).state == OPEN for job in jobs)


def test_a_server_may_work_on_many_requests(world: World) -> None:
    owner = world.provider()
    jobs = [world.locked(owner) for _ in range(3)]
    assert world.server(owner).open_locks == 3
    for count, job in enumerate(jobs):
        world.claim(job, owner, 10_000, vouched=10_000)
        assert (world.server(owner).open_locks, world.server(owner).completed) == (2 - count, count + 1)


def test_two_claims_with_their_vouchers_fit_into_one_transaction(world: World) -> None:
    owner = world.provider()
    jobs = [world.locked(owner) for _ in range(2)]
    instructions = [i for job in jobs for i in world.claim_instructions(job, owner, 7_000, vouched=7_000)]
    world.vm.must(instructions, [owner])
    assert world.server(owner).earned == 14_000
