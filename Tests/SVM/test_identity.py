"""S17: which program, which deployment, whose word.

A voucher names a request, a request's address names the program, and the expiry names the lock: what is signed for one
deployment is worth nothing in another. What the program cannot tell apart, two clusters that have it at one address, the
specification says.
"""

from __future__ import annotations

from market.errors import Error
from market.instructions import MarketProgram
from market.voucher import message, verification
from solders.keypair import Keypair
from vm.loader import deploy
from world import ROOT, Job, World, program_bytes


def second_deployment(world: World) -> MarketProgram:
    """The same file at another address, with a market and the same people."""
    copy = Keypair()
    deploy(world.vm, program_bytes(), copy, world.authority)
    program = MarketProgram(copy.pubkey())
    key = world.authority.pubkey()
    world.vm.must(
        [program.initialize_market(key, world.market_authority.pubkey(), world.treasury)], [world.authority]
    )
    return program


class Deployed:
    """A world whose instructions go to another deployment."""

    def __init__(self, world: World, program: MarketProgram) -> None:
        self.original, self.world = world.program, world
        self.program = program

    def __enter__(self) -> World:
        self.world.program = self.program
        return self.world

    def __exit__(self, *_: object) -> None:
        self.world.program = self.original


def test_a_voucher_is_for_one_deployment(world: World) -> None:
    """One client, one voucher signer, one server, one second, two programs: two requests, and no voucher fits both."""
    owner = world.provider()
    there = second_deployment(world)
    with Deployed(world, there):
        key = owner.pubkey()
        add, listing = there.add_server(key), there.set_listing(key, "meta-llama/Llama-3.1-8B-Instruct", 400_000)
        world.vm.must([add, listing], [owner])
    world.vm.advance(seconds=1)
    here = world.open()
    elsewhere = Job(
        there.request(here.client.pubkey(), here.voucher_signer.pubkey())[0], here.client, here.voucher_signer, here.terms
    )
    assert elsewhere.address != here.address
    with Deployed(world, there):
        world.vm.must([world.open_instruction(elsewhere)], [here.client])
    world.vm.advance(seconds=1)
    world.vm.must([world.lock_instruction(here, owner)], [owner])
    with Deployed(world, there):
        world.vm.must([world.lock_instruction(elsewhere, owner)], [owner])
    assert world.request(here).locked_at == world.request(elsewhere).locked_at
    voucher = world.voucher(here, 900_000)
    with Deployed(world, there):
        claim = there.claim_payment(elsewhere.address, key, here.client.pubkey(), 900_000, vouched=True)
        world.vm.refuse(Error.VoucherWrongRequest, [voucher, claim], [owner])
        # Nor do the accounts of one deployment mean anything to the other.
        claim = there.claim_payment(here.address, key, here.client.pubkey(), 900_000, vouched=True)
        world.vm.refuse(Error.AccountOwnedByWrongProgram, [voucher, claim], [owner])
    world.claim(here, owner, 900_000, vouched=900_000)


def test_a_voucher_of_another_cluster() -> None:
    """The same program address, client and signer on two clusters: the second of the lock is what tells them apart."""
    worlds = [World(), World()]
    jobs = []
    for world, seconds in zip(worlds, (0, 1)):
        owner = world.provider()
        world.vm.set_time(1_800_000_000 + seconds)
        world.vm.must([world.program.heartbeat(owner.pubkey())], [owner])
        jobs.append((world.locked(owner), owner))
    (first, _), (second, owner) = jobs
    assert first.address == second.address
    locked = worlds[0].request(first).locked_at
    assert worlds[1].request(second).locked_at == locked + 1
    replayed = verification(first.voucher_signer, message(first.address, 900_000, locked))
    claim = worlds[1].program.claim_payment(second.address, owner.pubkey(), second.client.pubkey(), 900_000, vouched=True)
    worlds[1].vm.refuse(Error.VoucherWrongLock, [replayed, claim], [owner])


def test_what_the_program_cannot_tell_the_specification_says() -> None:
    page = (ROOT / "Documentation" / "market-program.md").read_text()
    for words in ("**upgrade authority**", "another cluster", "A voucher signer must never be used for two requests"):
        assert words in page, words
