"""S15: what it costs others when somebody means harm and pays for it."""

from __future__ import annotations

from market.errors import Error
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from world import World, model_hash

LONGEST_ADDRESS = "x" * 192


def test_a_sybil_that_locks_and_releases_holds_nobody_up(world: World) -> None:
    """Within the minute it costs it only its fees; the request is as it was, and criteria or the direct mode end it."""
    sybil, honest = world.provider(), world.provider()
    for _ in range(5):
        world.claimed(honest, amount=2_000)
    job = world.open()
    for _ in range(10):
        world.lock(job, sybil)
        world.vm.must([world.program.release_request(job.address, sybil.pubkey(), job.client.pubkey())], [sybil])
        world.vm.advance(seconds=1)
    world.lock(job, honest)
    world.claim(job, honest, 20_000, vouched=20_000)
    choosy = world.open(minimum_completed=5)
    world.vm.refuse(Error.CriteriaNotMet, [world.lock_instruction(choosy, sybil)], [sybil])
    world.lock(choosy, honest)


def test_a_sybil_that_keeps_its_locks_pays_with_its_record(world: World) -> None:
    sybil = world.provider()
    jobs = [world.locked(sybil) for _ in range(3)]
    server = world.program.server(sybil.pubkey())
    world.vm.advance(seconds=3_601)
    for job in jobs:
        world.vm.must([world.program.expire_request(job.address, job.client.pubkey(), server)], [world.vm.keypair()])
    assert world.server(sybil).failed == 3
    world.vm.must([world.program.heartbeat(sybil.pubkey())], [sybil])
    job = world.open(minimum_success=1)
    world.vm.refuse(Error.CriteriaNotMet, [world.lock_instruction(job, sybil)], [sybil])


def test_the_longest_of_everything_fits_and_stays_cheap(world: World) -> None:
    """64 listings with the longest ids, the longest addresses, the longest model: one packet each, and bounded units."""
    owner = world.vm.keypair(100_000_000_000)
    key = owner.pubkey()
    world.vm.must([world.program.add_server(key, bytes(32), LONGEST_ADDRESS)], [owner])
    ids = [f"{'m' * 125}/{n:02}" for n in range(64)]
    dearest = 0
    for id in ids:
        outcome = world.vm.must([world.program.set_listing(key, id, 1)], [owner])
        dearest = max(dearest, outcome.units)
    assert dearest < 6_000
    world.vm.advance(seconds=1)
    job = world.open(model_id=ids[63])
    lock = world.lock(job, owner, listing_index=63, peer_address=LONGEST_ADDRESS)
    assert lock.units < 1_200
    direct = world.job(model_id=ids[63])
    opening = world.vm.must([world.open_instruction(direct, direct=owner, listing_index=63)], [direct.client])
    assert opening.size < 1_232
    assert opening.units < 3_100
    claim = world.claim(job, owner, 20_000, vouched=20_000)
    assert claim.units < 1_200
    removal = world.vm.must([world.program.remove_listing(key, model_hash(ids[0]))], [owner])
    assert removal.units < 3_000


def test_a_batch_with_one_bad_call_moves_nothing_and_the_rest_can_be_sent_again(world: World) -> None:
    """A crank that somebody else was faster at fails as a whole, and costs the one who cranks one fee."""
    owner, crank = world.provider(), world.vm.keypair()
    server = world.program.server(owner.pubkey())
    jobs = [world.locked(owner) for _ in range(4)]
    world.vm.advance(seconds=3_601)
    batch = [world.program.expire_request(job.address, job.client.pubkey(), server) for job in jobs]
    world.vm.must([batch[2]], [world.vm.keypair()])
    world.vm.refuse(Error.AccountOwnedByWrongProgram, batch, [crank])
    world.vm.must([batch[0], batch[1], batch[3]], [crank])
    assert (world.server(owner).failed, world.server(owner).open_locks) == (4, 0)


def test_as_many_accounts_as_a_transaction_may_name(world: World) -> None:
    """Accounts behind the needed ones are not read: 25 strange ones cost nothing but their place."""
    owner = world.provider()
    plain = world.program.heartbeat(owner.pubkey())
    alone = world.vm.must([plain], [owner])
    strange = [AccountMeta(Keypair().pubkey(), is_signer=False, is_writable=False) for _ in range(25)]
    crowded = Instruction(plain.program_id, bytes(plain.data), [*plain.accounts, *strange])
    assert world.vm.must([crowded], [owner]).units == alone.units
