"""One valid call of every instruction, for tests that spoil it in every way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from world import World, model_hash


@dataclass(frozen=True)
class Scenario:
    """A call that would succeed. The fee is paid by somebody who has no part in it."""

    world: World
    instruction: Instruction
    signers: list[Keypair]
    # The program's own accounts by index, and what type they must have.
    types: dict[int, str] = field(default_factory=dict)
    # Writable accounts that the program does not need to be writable.
    may_be_read_only: frozenset[int] = frozenset()
    # Accounts that nothing is required of.
    ignored: frozenset[int] = frozenset()
    # Instructions that stand before the call.
    before: tuple[Instruction, ...] = ()
    # Offset of a string at the end of the arguments.
    string_at: int | None = None
    # Whether the last account may be left out.
    last_is_optional: bool = False

    def with_accounts(self, accounts: list[AccountMeta]) -> Instruction:
        return Instruction(self.instruction.program_id, bytes(self.instruction.data), accounts)

    def with_data(self, data: bytes) -> Instruction:
        return Instruction(self.instruction.program_id, data, self.instruction.accounts)


def initialize_market() -> Scenario:
    world = World(initialize=False)
    authority = world.authority
    instruction = world.program.initialize_market(authority.pubkey(), authority.pubkey(), world.treasury, 5, 100)
    return Scenario(world, instruction, [authority])


def update_market() -> Scenario:
    world = World()
    authority = world.market_authority
    instruction = world.program.update_market(authority.pubkey(), world.treasury, None, 5, 100)
    return Scenario(world, instruction, [authority], {0: "Market"})


def accept_market() -> Scenario:
    world = World()
    successor = world.vm.keypair()
    authority = world.market_authority
    world.vm.must([world.program.update_market(authority.pubkey(), world.treasury, successor.pubkey())], [authority])
    return Scenario(world, world.program.accept_market(successor.pubkey()), [successor], {0: "Market"})


def add_server() -> Scenario:
    world = World()
    owner = world.vm.keypair()
    return Scenario(world, world.program.add_server(owner.pubkey(), bytes(32), "/ip4/1"), [owner], string_at=40)


def update_server() -> Scenario:
    world = World()
    owner = world.provider()
    instruction = world.program.update_server(owner.pubkey(), bytes(32), "/ip4/203.0.113.9/tcp/3819/longer")
    return Scenario(world, instruction, [owner], {0: "Server"}, string_at=40)


def set_listing() -> Scenario:
    world = World()
    owner = world.provider()
    instruction = world.program.set_listing(owner.pubkey(), "another/model", 1, 2, 3)
    return Scenario(world, instruction, [owner], {0: "Server"}, string_at=32)


def remove_listing() -> Scenario:
    world = World()
    owner = world.provider()
    instruction = world.program.remove_listing(owner.pubkey(), model_hash())
    return Scenario(world, instruction, [owner], {0: "Server"}, may_be_read_only=frozenset({1}))


def heartbeat() -> Scenario:
    world = World()
    owner = world.provider()
    return Scenario(world, world.program.heartbeat(owner.pubkey()), [owner], {0: "Server"})


def close_server() -> Scenario:
    world = World(fee=100)
    owner = world.provider()
    world.claimed(owner)
    instruction = world.program.close_server(owner.pubkey(), world.treasury)
    return Scenario(world, instruction, [owner], {0: "Server", 2: "Market"})


def collect_fees() -> Scenario:
    world = World(fee=100)
    owner = world.provider()
    world.claimed(owner)
    return Scenario(world, world.program.collect_fees(owner.pubkey(), world.treasury), [], {0: "Server", 1: "Market"})


def request_inference() -> Scenario:
    world = World()
    job = world.job()
    return Scenario(world, world.open_instruction(job), [job.client], string_at=137)


def request_inference_direct() -> Scenario:
    world = World()
    owner = world.provider()
    job = world.job()
    instruction = world.open_instruction(job, direct=owner)
    return Scenario(world, instruction, [job.client], {3: "Server", 4: "Market"}, string_at=137)


def cancel_request() -> Scenario:
    world = World()
    job = world.open()
    instruction = world.program.cancel_request(job.address, job.client.pubkey())
    return Scenario(world, instruction, [job.client], {0: "InferenceRequest"})


def lock_request() -> Scenario:
    world = World()
    owner = world.provider()
    job = world.open()
    instruction = world.lock_instruction(job, owner, peer_address="/ip4/1")
    types = {0: "InferenceRequest", 1: "Server", 3: "Market"}
    return Scenario(world, instruction, [owner], types, string_at=25)


def release_request() -> Scenario:
    world = World()
    owner = world.provider()
    job = world.locked(owner)
    world.vm.must([world.program.begin_close(job.address, job.client.pubkey())], [job.client])
    instruction = world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())
    return Scenario(world, instruction, [owner], {0: "InferenceRequest", 1: "Server"})


def begin_close() -> Scenario:
    world = World()
    job = world.locked(world.provider())
    instruction = world.program.begin_close(job.address, job.client.pubkey())
    return Scenario(world, instruction, [job.client], {0: "InferenceRequest"})


def claim_payment() -> Scenario:
    world = World()
    owner = world.provider()
    job = world.locked(owner)
    (instruction,) = world.claim_instructions(job, owner, 1_000)
    types = {0: "InferenceRequest", 1: "Server"}
    return Scenario(world, instruction, [owner], types, may_be_read_only=frozenset({3}))


def claim_payment_with_voucher() -> Scenario:
    world = World()
    owner = world.provider()
    job = world.locked(owner)
    voucher, instruction = world.claim_instructions(job, owner, 20_000, vouched=20_000)
    types = {0: "InferenceRequest", 1: "Server"}
    return Scenario(
        world, instruction, [owner], types, may_be_read_only=frozenset({3}), before=(voucher,), last_is_optional=True
    )


def expire_request() -> Scenario:
    world = World()
    owner = world.provider()
    job = world.locked(owner)
    world.vm.advance(seconds=3_601)
    instruction = world.program.expire_request(job.address, job.client.pubkey(), world.program.server(owner.pubkey()))
    return Scenario(world, instruction, [], {0: "InferenceRequest", 2: "Server"})


def flag_response() -> Scenario:
    world = World()
    owner = world.provider()
    job = world.claimed(owner)
    instruction = world.program.flag_response(job.address, job.client.pubkey(), world.program.server(owner.pubkey()))
    return Scenario(world, instruction, [job.client], {0: "InferenceRequest", 2: "Server"})


def compare_responses() -> Scenario:
    world = World()
    owners = [world.provider(), world.provider()]
    jobs = [world.claimed(owner) for owner in owners]
    instruction = world.program.compare_responses(
        *(job.address for job in jobs),
        *(world.program.server(owner.pubkey()) for owner in owners),
        *(job.client.pubkey() for job in jobs),
    )
    types = {0: "Market", 1: "InferenceRequest", 2: "InferenceRequest", 3: "Server", 4: "Server"}
    return Scenario(world, instruction, [job.client for job in jobs], types)


def close_request() -> Scenario:
    world = World()
    job = world.claimed(world.provider())
    world.vm.advance(seconds=86_401)
    instruction = world.program.close_request(job.address, job.client.pubkey(), signed=False)
    return Scenario(world, instruction, [], {0: "InferenceRequest"})


SCENARIOS: dict[str, Callable[[], Scenario]] = {
    function.__name__: function
    for function in (
        initialize_market,
        update_market,
        accept_market,
        add_server,
        update_server,
        set_listing,
        remove_listing,
        heartbeat,
        close_server,
        collect_fees,
        request_inference,
        request_inference_direct,
        cancel_request,
        lock_request,
        release_request,
        begin_close,
        claim_payment,
        claim_payment_with_voucher,
        expire_request,
        flag_response,
        compare_responses,
        close_request,
    )
}

