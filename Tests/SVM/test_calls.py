"""S16: the market called by another program, which passes the signatures of its caller on."""

from __future__ import annotations

from pathlib import Path

import pytest
from market.errors import Error
from market.instructions import r
from solders.instruction import Instruction
from solders.keypair import Keypair
from test_toolchain import build, tool
from vm.loader import deploy
from world import World

__all__ = ["build", "tool"]
SOURCES = Path(__file__).resolve().parent / "programs" / "relay"


class Relay:
    def __init__(self, world: World, elf: bytes) -> None:
        self.world = world
        program = Keypair()
        deploy(world.vm, elf, program, world.authority)
        self.id = program.pubkey()
        world.vm.advance(seconds=1)

    def passing(self, instruction: Instruction) -> Instruction:
        accounts = [r(instruction.program_id), *list(instruction.accounts)]
        return Instruction(self.id, bytes(instruction.data), accounts)


@pytest.fixture
def relay(world: World, build) -> Relay:
    return Relay(world, build(SOURCES))


def test_a_claim_with_its_voucher_before_the_outer_call(relay: Relay) -> None:
    world = relay.world
    owner = world.provider()
    job = world.locked(owner)
    voucher, claim = world.claim_instructions(job, owner, 30_000, vouched=30_000)
    world.vm.must([voucher, relay.passing(claim)], [owner])
    assert world.server(owner).earned == 30_000


def test_a_voucher_elsewhere_is_none(relay: Relay) -> None:
    world = relay.world
    owner = world.provider()
    job = world.locked(owner)
    voucher, claim = world.claim_instructions(job, owner, 30_000, vouched=30_000)
    beat = world.program.heartbeat(owner.pubkey())
    world.vm.refuse(Error.VoucherMissing, [voucher, beat, relay.passing(claim)], [owner])
    world.vm.refuse(Error.VoucherMissing, [relay.passing(claim), voucher], [owner])


def test_a_caller_cannot_sign_for_others(relay: Relay) -> None:
    world = relay.world
    owner = world.provider()
    job = world.open()
    thief = world.vm.keypair()
    cancel = world.program.cancel_request(job.address, job.client.pubkey())
    accounts = [type(meta)(meta.pubkey, is_signer=False, is_writable=meta.is_writable) for meta in cancel.accounts]
    unsigned = Instruction(cancel.program_id, bytes(cancel.data), accounts)
    world.vm.refuse(Error.AccountNotSigner, [relay.passing(unsigned)], [thief])
    world.lock(job, owner)


def test_a_request_made_through_another_program(relay: Relay) -> None:
    """The market's own call of the system program is then the second inside the first."""
    world = relay.world
    job = world.job()
    opening = relay.passing(world.open_instruction(job))
    world.vm.must([opening], [job.client])
    assert world.request(job).requester == job.client.pubkey()
