"""Registering, listing, changing, and what the account then holds, byte for byte."""

from __future__ import annotations

import random
import struct

import pytest
from market.accounts import Listing
from market.errors import Error
from market.wire import discriminator
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from world import MODEL, World, model_hash


@pytest.fixture
def owner(world: World) -> Keypair:
    pair = world.vm.keypair()
    world.vm.must([world.program.add_server(pair.pubkey(), bytes(range(32)), "/ip4/1")], [pair])
    return pair


def holds_exactly_its_rent(world: World, owner: Keypair) -> bool:
    server = world.program.server(owner.pubkey())
    return world.vm.balance(server) == world.vm.minimum_balance(len(world.vm.data(server)))


def test_a_new_server(world: World) -> None:
    owner = world.vm.keypair()
    address = "/dns/relay.example.org/tcp/3819/nnk/" + "k" * 44
    outcome = world.vm.must([world.program.add_server(owner.pubkey(), bytes(range(32)), address)], [owner])
    record = world.server(owner)
    server, bump = world.program.pda(b"server", bytes(owner.pubkey()))
    assert (record.owner, record.peer_key, record.peer_address) == (owner.pubkey(), bytes(range(32)), address)
    assert (record.registered_at, record.heartbeat_at) == (world.vm.now, world.vm.now)
    assert (record.version, record.bump, record.listings) == (1, bump, [])
    assert len(world.vm.data(server)) == 192 + len(address)
    assert holds_exactly_its_rent(world, owner)
    added = discriminator("event", "ServerAdded") + bytes(server) + bytes(owner.pubkey())
    assert outcome.events == [added]
    world.vm.refuse(
        Error.AccountDiscriminatorAlreadySet, [world.program.add_server(owner.pubkey())], [owner]
    )


def test_one_server_for_each_wallet(world: World) -> None:
    """S4: lower bumps, other wallets' addresses, the market's address."""
    owner, other = world.vm.keypair(), world.vm.keypair()
    instruction = world.program.add_server(owner.pubkey())
    addresses = [world.program.server(other.pubkey()), Keypair().pubkey()]
    addresses += world.program.every_pda(b"server", bytes(owner.pubkey()))
    addresses.remove(world.program.server(owner.pubkey()))
    for address in addresses:
        accounts = [AccountMeta(address, is_signer=False, is_writable=True), *list(instruction.accounts)[1:]]
        moved = Instruction(instruction.program_id, bytes(instruction.data), accounts)
        world.vm.refuse(Error.ConstraintSeeds, [moved], [owner])


def test_listings_are_added_changed_and_removed(world: World, owner: Keypair) -> None:
    key = owner.pubkey()
    outcome = world.vm.must([world.program.set_listing(key, MODEL, 5, 6, 7)], [owner])
    slot = world.vm.slot
    assert world.server(owner).listings == [Listing(model_hash(), 5, 6, 7, slot, MODEL)]
    assert outcome.events == [
        discriminator("event", "ListingSet")
        + bytes(world.program.server(key))
        + model_hash()
        + struct.pack("<QQQ", 5, 6, 7)
    ]
    assert holds_exactly_its_rent(world, owner)
    world.vm.advance()
    world.vm.must([world.program.set_listing(key, MODEL, 4, 6, 0)], [owner])
    assert world.server(owner).listings == [Listing(model_hash(), 4, 6, 0, slot, MODEL)]
    world.vm.advance()
    world.vm.must([world.program.set_listing(key, MODEL, 4, 6, 1)], [owner])
    assert world.server(owner).listings == [Listing(model_hash(), 4, 6, 1, world.vm.slot, MODEL)]
    before = world.vm.balance(key)
    outcome = world.vm.must([world.program.remove_listing(key, model_hash())], [owner])
    assert world.server(owner).listings == []
    assert holds_exactly_its_rent(world, owner)
    assert world.vm.balance(key) == before + (64 + 4 + len(MODEL)) * 6_960 - 5_000
    assert outcome.events[0].startswith(discriminator("event", "ListingRemoved"))
    world.vm.refuse(Error.ListingNotFound, [world.program.remove_listing(key, model_hash())], [owner])


@pytest.mark.parametrize("prices", [(1, 0, 0), (2**32, 2**32, 2**32)])
def test_prices_at_the_edges(world: World, owner: Keypair, prices: tuple[int, int, int]) -> None:
    world.vm.must([world.program.set_listing(owner.pubkey(), MODEL, *prices)], [owner])


@pytest.mark.parametrize(
    "prices", [(0, 0, 0), (2**32 + 1, 0, 0), (1, 2**32 + 1, 0), (1, 0, 2**32 + 1), (2**64 - 1, 0, 0), (1, 2**63, 0)]
)
def test_prices_beyond(world: World, owner: Keypair, prices: tuple[int, int, int]) -> None:
    world.vm.refuse(Error.PriceOutOfRange, [world.program.set_listing(owner.pubkey(), MODEL, *prices)], [owner])


def test_sixty_four_listings_and_no_more(world: World, owner: Keypair) -> None:
    key = owner.pubkey()
    ids = [f"{'m' * 120}/{number:03}" for number in range(64)]
    for start in range(0, 64, 4):
        world.vm.must([world.program.set_listing(key, id, 1) for id in ids[start : start + 4]], [owner])
    assert [listing.model_id for listing in world.server(owner).listings] == ids
    world.vm.refuse(Error.TooManyListings, [world.program.set_listing(key, "one/more", 1)], [owner])
    world.vm.must([world.program.set_listing(key, ids[63], 2)], [owner])
    assert holds_exactly_its_rent(world, owner)
    # The last one can be locked, and is found by its index.
    world.vm.advance(seconds=1)
    job = world.open(model_id=ids[63])
    world.vm.refuse(Error.ModelMismatch, [world.lock_instruction(job, owner, listing_index=62)], [owner])
    world.vm.refuse(Error.ListingNotFound, [world.lock_instruction(job, owner, listing_index=64)], [owner])
    world.lock(job, owner, listing_index=63)
    for id in ids[:40]:
        world.vm.must([world.program.remove_listing(key, model_hash(id))], [owner])
    assert [listing.model_id for listing in world.server(owner).listings] == ids[40:]


def test_indices_out_of_range_read_nothing(world: World) -> None:
    owner = world.provider()
    job = world.open()
    for index in (1, 2, 63, 64, 255):
        world.vm.refuse(Error.ListingNotFound, [world.lock_instruction(job, owner, listing_index=index)], [owner])
        direct = world.job()
        named = world.open_instruction(direct, direct=owner, listing_index=index)
        world.vm.refuse(Error.ListingNotFound, [named], [direct.client])


def test_the_record_survives_a_new_key_and_address(world: World) -> None:
    owner = world.provider()
    world.claimed(owner)
    old = world.server(owner)
    for address in ("", "/ip4/198.51.100.200/tcp/1", "x" * 192, "/ip4/1"):
        world.vm.must([world.program.update_server(owner.pubkey(), bytes(range(32, 64)), address)], [owner])
        new = world.server(owner)
        assert (new.peer_key, new.peer_address) == (bytes(range(32, 64)), address)
        assert (new.completed, new.earned, new.listings) == (old.completed, old.earned, old.listings)
        assert holds_exactly_its_rent(world, owner)


def test_random_changes_against_a_model(world: World, owner: Keypair) -> None:
    """The account always decodes to what a dictionary says, and holds exactly its rent."""
    generator = random.Random(20_261_122)
    key, expected, address = owner.pubkey(), {}, "/ip4/1"
    ids = [f"model/{'x' * generator.randrange(0, 100)}{number}" for number in range(12)]
    for _ in range(150):
        id = generator.choice(ids)
        choice = generator.random()
        if choice < 0.5:
            prices = (generator.randrange(1, 9), generator.randrange(9), generator.randrange(9))
            old = expected.get(id)
            raised = old is None or any(new > before for new, before in zip(prices, old[:3], strict=True))
            expected[id] = (*prices, world.vm.slot if raised else old[3])
            instruction = world.program.set_listing(key, id, *prices)
        elif choice < 0.8 and id in expected:
            del expected[id]
            instruction = world.program.remove_listing(key, model_hash(id))
        else:
            address = "a" * generator.randrange(0, 193)
            instruction = world.program.update_server(key, bytes(32), address)
        world.vm.must([instruction], [owner])
        record = world.server(owner)
        assert record.peer_address == address
        assert record.listings == [Listing(model_hash(id), *values, id) for id, values in expected.items()]
        assert holds_exactly_its_rent(world, owner)
        world.vm.advance()


def test_only_the_owner(world: World) -> None:
    """S4."""
    owner, thief = world.provider(), world.provider()
    program, key = world.program, thief.pubkey()
    calls = [
        program.update_server(key, bytes(32), ""),
        program.set_listing(key, MODEL, 1),
        program.remove_listing(key, model_hash()),
        program.heartbeat(key),
        program.close_server(key, world.treasury),
    ]
    victim = AccountMeta(program.server(owner.pubkey()), is_signer=False, is_writable=True)
    for call in calls:
        stolen = Instruction(call.program_id, bytes(call.data), [victim, *list(call.accounts)[1:]])
        world.vm.refuse(Error.WrongOwner, [stolen], [thief])
