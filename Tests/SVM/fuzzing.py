"""Random lives of a market: valid, invalid and adversarial instructions, with random clocks and balances.

A life is a list of numbers. Each is the seed of one step, which looks at the market as it is by then; so any sublist is
a life as well, and a failing one can be made shorter.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from market.accounts import CLAIMED, LOCKED, OPEN
from market.instructions import INSTRUCTIONS_SYSVAR, SYSTEM_PROGRAM, RequestTerms
from market.voucher import header, message, verification
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from world import MODEL, Job, World, model_hash

MODELS = (MODEL, "a/b", "x" * 128)
Call = tuple[list[Instruction], list[Keypair]]


@dataclass
class Life:
    """One market and everybody in it."""

    world: World
    owners: list[Keypair]
    clients: list[Keypair]
    jobs: list[Job] = field(default_factory=list)
    generator: random.Random = field(default_factory=random.Random)

    @classmethod
    def begin(cls, fee: int, elf: bytes | None = None) -> Life:
        world = World(fee=fee, minimum=100, elf=elf)
        return cls(world, [world.vm.keypair() for _ in range(4)], [world.vm.keypair() for _ in range(4)])

    # Steps

    def step(self, seed: int) -> None:
        generator = self.generator = random.Random(seed)
        if generator.random() < 0.15:
            self._disturb()
        instructions, signers = generator.choice(CALLS)(self)
        if generator.random() < 0.2:
            instructions, signers = self._spoil(instructions, signers)
        payer = self.world.vm.keypair() if generator.random() < 0.2 or not signers else signers[0]
        unique = {pair.pubkey(): pair for pair in [payer, *signers]}
        needed = {payer.pubkey()} | {m.pubkey for each in instructions for m in each.accounts if m.is_signer}
        present = [pair for key, pair in unique.items() if key in needed]
        if needed - unique.keys():
            return
        try:
            self.world.vm.send(instructions, present)
        except ValueError:
            # Larger than a packet.
            return
        self.world.vm.advance(seconds=generator.choice([0, 0, 1, 1, 5, 59, 61]))

    def _disturb(self) -> None:
        """Time passes, wallets run dry or are filled, the rent changes."""
        generator, vm = self.generator, self.world.vm
        match generator.randrange(6):
            case 0:
                vm.advance(seconds=generator.choice([601, 901, 3_601, 86_401, 604_801, -1]))
                self._beat()
            case 1:
                wallet = generator.choice(self.owners + self.clients).pubkey()
                vm.set_account(wallet, generator.choice([0, 890_880, 900_000, 10**10]), b"", SYSTEM_PROGRAM)
            case 2:
                vm.fund(generator.choice(self._addresses()), generator.choice([890_880, 10_000_000]))
            case 3:
                vm.set_account(self.world.treasury, generator.choice([0, 1_000_000]), b"", SYSTEM_PROGRAM)
            case _:
                self._beat()

    def _beat(self) -> None:
        """Most servers show themselves; those that have gone register again."""
        world = self.world
        for owner in self.owners[:3]:
            key = owner.pubkey()
            if world.vm.balance(key) < 50_000_000:
                world.vm.set_account(key, 10**10, b"", SYSTEM_PROGRAM)
            if world.vm.account(world.program.server(key)) is None:
                add = world.program.add_server(key, bytes(32), "/ip4/1")
                world.vm.send([add, world.program.set_listing(key, MODEL, 400_000, 100_000, 1_000)], [owner])
            else:
                world.vm.send([world.program.heartbeat(key)], [owner])

    def _addresses(self) -> list[Pubkey]:
        program = self.world.program
        known = [job.address for job in self.jobs[-8:]] + [pair.pubkey() for pair in self.owners + self.clients]
        return [*known, *(program.server(owner.pubkey()) for owner in self.owners), program.market, self.world.treasury]

    def _spoil(self, instructions: list[Instruction], signers: list[Keypair]) -> Call:
        """Change one thing about one of the market's instructions."""
        generator = self.generator
        index = len(instructions) - 1
        target = instructions[index]
        accounts, data = list(target.accounts), bytearray(bytes(target.data))
        place = generator.randrange(len(accounts))
        meta = accounts[place]
        match generator.randrange(8):
            case 0:
                accounts[place] = AccountMeta(meta.pubkey, is_signer=False, is_writable=meta.is_writable)
            case 1:
                accounts[place] = AccountMeta(meta.pubkey, is_signer=meta.is_signer, is_writable=not meta.is_writable)
            case 2:
                del accounts[place:]
            case 3:
                accounts[place] = accounts[generator.randrange(len(accounts))]
            case 4:
                other = generator.choice([*self._addresses(), INSTRUCTIONS_SYSVAR, SYSTEM_PROGRAM, self.world.program.id])
                accounts[place] = AccountMeta(other, is_signer=False, is_writable=meta.is_writable)
            case 5:
                data = data[: generator.randrange(len(data) + 1)]
            case 6:
                bit = generator.randrange(len(data) * 8)
                data[bit // 8] ^= 1 << bit % 8
            case 7:
                data += bytes(generator.randrange(1, 9))
        return [*instructions[:index], Instruction(target.program_id, bytes(data), accounts)], signers

    # Who and what

    def owner(self) -> Keypair:
        return self.generator.choice(self.owners)

    def mostly(self, usual: list, unusual: list):
        """One of the usual values, or now and then one of the others."""
        return self.generator.choice(unusual if self.generator.random() < 0.03 else usual)

    def job(self, state: int | None = None) -> Job:
        """A request, mostly one that exists, and in this state if there is one."""
        recent = self.jobs[-40:]
        if self.generator.random() < 0.9:
            recent = [job for job in recent if _state(self, job) is not None] or recent
            recent = [job for job in recent if state in (None, _state(self, job))] or recent
        if not recent:
            return self.world.job(self.generator.choice(self.clients))
        return self.generator.choice(recent)

    def prices(self) -> tuple[int, int, int]:
        """An output price must not be 0, and all of them not too high for the clients of this life."""
        return tuple(self.mostly([usual, usual // 2 + 1], [0, 1, 2**32, 2**32 + 1]) for usual in (400_000, 100_000, 1_000))

    def address(self) -> str | bytes:
        return self.mostly(["", "/ip4/203.0.113.7/tcp/3819", "x" * 192], ["x" * 193, "has space", b"\xff"])


def add_server(life: Life) -> Call:
    owner = life.owner()
    add = life.world.program.add_server(owner.pubkey(), bytes(32), life.address())
    listing = life.world.program.set_listing(owner.pubkey(), MODEL, 400_000, 100_000, 1_000)
    return [add, listing][: life.generator.randrange(1, 3)], [owner]


def update_server(life: Life) -> Call:
    owner = life.owner()
    return [life.world.program.update_server(owner.pubkey(), bytes(range(32)), life.address())], [owner]


def set_listing(life: Life) -> Call:
    owner = life.owner()
    listing = life.world.program.set_listing(owner.pubkey(), life.generator.choice([MODEL, *MODELS]), *life.prices())
    return [listing], [owner]


def remove_listing(life: Life) -> Call:
    owner = life.owner()
    try:
        models = [listing.model_id for listing in life.world.server(owner).listings]
    except (KeyError, ValueError):
        models = []
    # Mostly one that is there, and mostly not the one that the requests ask for.
    models = [model for model in models if model != MODEL] or models
    model = life.mostly(models or ["a/b"], list(MODELS))
    return [life.world.program.remove_listing(owner.pubkey(), model_hash(model))], [owner]


def heartbeat(life: Life) -> Call:
    owner = life.owner()
    return [life.world.program.heartbeat(owner.pubkey())], [owner]


def close_server(life: Life) -> Call:
    owner = life.owner()
    return [life.world.program.close_server(owner.pubkey(), life.world.treasury)], [owner]


def collect_fees(life: Life) -> Call:
    return [life.world.program.collect_fees(life.owner().pubkey(), life.world.treasury)], []


def initialize_market(life: Life) -> Call:
    """There is one already."""
    authority = life.world.authority
    key = authority.pubkey()
    return [life.world.program.initialize_market(key, key, life.world.treasury, 0, 0)], [authority]


def update_market(life: Life) -> Call:
    generator, authority = life.generator, life.world.market_authority
    fee, minimum = life.mostly([0, 1, 250, 1_000], [1_001]), life.mostly([0, 1], [2**63])
    pending = generator.choice([None, authority.pubkey()])
    update = life.world.program.update_market(authority.pubkey(), life.world.treasury, pending, minimum, fee)
    return [update], [authority]


def accept_market(life: Life) -> Call:
    authority = life.world.market_authority
    return [life.world.program.accept_market(authority.pubkey())], [authority]


def request_inference(life: Life) -> Call:
    generator = life.generator
    mostly = life.mostly
    stake = mostly([1_000, 100_000, 3_000_000, generator.randrange(1_000, 5_000_000)], [0, 1, 999, 2**64 - 1])
    terms = RequestTerms(
        stake=stake,
        maximum_output_price=mostly([400_000, 500_000, 2**40], [0, 399_999]),
        maximum_input_price=mostly([100_000, 2**40], [0]),
        maximum_minimum_charge=mostly([1_000, 2**40], [0]),
        credit=mostly([0, min(stake, 1), min(stake, 5_000), stake], [min(stake + 1, 2**64 - 1)]),
        lifetime=mostly([600, 3_600, 604_800], [0, 1, 604_801]),
        minimum_completed=mostly([0], [1, 5]),
        maximum_fee_basis_points=mostly([1_000, 10_000], [0, 250, 10_001]),
        minimum_success=mostly([0, 100], [5_000, 10_000]),
        minimum_preference=mostly([0], [5_000]),
        model_id=mostly([MODEL], [*MODELS, "", "é"]),
    )
    client = generator.choice([*life.clients, life.owners[0]])
    job = Job(SYSTEM_PROGRAM, client, life.world.vm.keypair(0), terms)
    address, _ = life.world.program.request(client.pubkey(), job.voucher_signer.pubkey())
    job = Job(address, client, job.voucher_signer, terms)
    if generator.random() < 0.1 and life.jobs:
        job = life.job()
    life.jobs.append(job)
    direct = generator.choice([None, None, life.owner()])
    instruction = life.world.open_instruction(job, direct, listing_index=mostly([0], [1, 3]))
    return [instruction], [job.client]


def _state(life: Life, job: Job) -> int | None:
    try:
        return life.world.request(job).state
    except (KeyError, ValueError):
        return None


def cancel_request(life: Life) -> Call:
    job = life.job(OPEN)
    return [life.world.program.cancel_request(job.address, job.client.pubkey())], [job.client]


def _created(life: Life, job: Job) -> tuple[int, int, int]:
    """Slot, stake and lock time of a request, or something else where there is none."""
    try:
        request = life.world.request(job)
    except (KeyError, ValueError):
        return 0, job.terms.stake, 0
    return request.created_slot, request.stake, request.locked_at


def lock_request(life: Life) -> Call:
    job, owner = life.job(OPEN), life.owner()
    slot, stake, _ = _created(life, job)
    index = life.mostly([0], [1, 2, 255])
    lock = life.world.program.lock_request(job.address, owner.pubkey(), slot, stake, index, life.address())
    return [lock], [owner]


def _holder(life: Life, job: Job) -> Keypair:
    """Mostly the server that has the request."""
    try:
        server = life.world.request(job).server
    except (KeyError, ValueError):
        return life.owner()
    for owner in life.owners:
        if life.world.program.server(owner.pubkey()) == server and life.generator.random() < 0.9:
            return owner
    return life.owner()


def release_request(life: Life) -> Call:
    job = life.job(LOCKED)
    owner = _holder(life, job)
    return [life.world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())], [owner]


def lock_again(life: Life) -> Call:
    """Given back and locked again, twice in one transaction, or with a second between."""
    job = life.job(LOCKED)
    owner = _holder(life, job)
    slot, stake, _ = _created(life, job)
    release = life.world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())
    if life.generator.random() < 0.5:
        life.world.vm.send([release], [owner])
        life.world.vm.advance(seconds=life.generator.choice([0, 1]))
    lock = life.world.program.lock_request(job.address, owner.pubkey(), slot, stake, 0, "")
    return [release, lock] * 2 if life.generator.random() < 0.5 else [lock], [owner]


def begin_close(life: Life) -> Call:
    job = life.job(LOCKED)
    return [life.world.program.begin_close(job.address, job.client.pubkey())], [job.client]


def claim_payment(life: Life) -> Call:
    generator, job = life.generator, life.job(LOCKED)
    owner = _holder(life, job)
    _, stake, locked_at = _created(life, job)
    vouched = life.mostly([0, 1, stake // 2, stake, stake], [2**64 - 1])
    amount = min(life.mostly([1, vouched // 2, vouched, min(vouched, stake)], [0, stake, stake + 1, 2**64 - 1]), 2**64 - 1)
    if generator.random() < 0.3:
        claim = life.world.program.claim_payment(job.address, owner.pubkey(), job.client.pubkey(), amount)
        return [claim], [owner]
    signer = life.mostly([job.voucher_signer], [job.client])
    text = message(job.address, vouched, locked_at + life.mostly([0], [1]))
    first = life.mostly([None], [header(padding=1)])
    claim = life.world.program.claim_payment(job.address, owner.pubkey(), job.client.pubkey(), amount, vouched=True)
    return [verification(signer, text, first), claim], [owner]


def served(life: Life) -> Call:
    """A whole answer: opened, locked and, in the end, claimed with a voucher."""
    generator, world = life.generator, life.world
    owner, client = generator.choice(life.owners[:3]), generator.choice(life.clients)
    job = world.job(client, stake=generator.choice([50_000, 1_000_000]), credit=generator.choice([0, 5_000]))
    life.jobs.append(job)
    world.vm.send([world.open_instruction(job)], [client])
    world.vm.advance(seconds=1)
    slot, stake, _ = _created(life, job)
    world.vm.send([world.program.lock_request(job.address, owner.pubkey(), slot, stake)], [owner])
    world.vm.advance(seconds=generator.choice([0, 1, 60, 61]))
    if generator.random() < 0.2:
        flag = world.program.flag_response(job.address, client.pubkey(), world.program.server(owner.pubkey()))
        world.vm.send([flag], [client])
    amount = generator.choice([1, stake // 3, stake])
    _, _, locked_at = _created(life, job)
    claim = world.program.claim_payment(job.address, owner.pubkey(), client.pubkey(), amount, vouched=True)
    return [verification(job.voucher_signer, message(job.address, amount, locked_at)), claim], [owner]


def expire_request(life: Life) -> Call:
    job = life.job()
    server = life.world.program.server(_holder(life, job).pubkey())
    return [life.world.program.expire_request(job.address, job.client.pubkey(), server)], []


def flag_response(life: Life) -> Call:
    job = life.job(life.generator.choice([CLAIMED, LOCKED]))
    server = life.world.program.server(_holder(life, job).pubkey())
    return [life.world.program.flag_response(job.address, job.client.pubkey(), server)], [job.client]


def compare_responses(life: Life) -> Call:
    one = life.job(CLAIMED)
    two = life.job(CLAIMED)
    for _ in range(4):
        # Mostly of different servers.
        if _holder(life, one) != _holder(life, two):
            break
        two = life.job(CLAIMED)
    servers = [life.world.program.server(_holder(life, job).pubkey()) for job in (one, two)]
    clients = (one.client.pubkey(), two.client.pubkey())
    return [life.world.program.compare_responses(one.address, two.address, *servers, *clients)], [one.client, two.client]


def close_request(life: Life) -> Call:
    job, signed = life.job(CLAIMED), life.generator.random() < 0.7
    close = life.world.program.close_request(job.address, job.client.pubkey(), signed)
    return [close], [job.client] if signed else []


def send_lamports(life: Life) -> Call:
    source, target = life.generator.choice(life.clients), life.generator.choice(life._addresses())
    amount = life.generator.choice([0, 1, 890_880])
    gift = transfer(TransferParams(from_pubkey=source.pubkey(), to_pubkey=target, lamports=amount))
    beat, _ = begin_close(life)
    return [gift, *beat], [source, *(job.client for job in life.jobs[-12:])]


OFTEN = [request_inference, lock_request, claim_payment]
CALLS: list[Callable[[Life], Call]] = [
    add_server,
    update_server,
    set_listing,
    remove_listing,
    heartbeat,
    close_server,
    collect_fees,
    collect_fees,
    initialize_market,
    update_market,
    accept_market,
    cancel_request,
    release_request,
    lock_again,
    begin_close,
    expire_request,
    flag_response,
    compare_responses,
    close_request,
    send_lamports,
    *OFTEN * 4,
    *[served] * 4,
    compare_responses,
    compare_responses,
]


def live(steps: list[int], fee: int, elf: bytes | None = None) -> None:
    """Live a life; `elf` is another program than the one under test."""
    life = Life.begin(fee, elf)
    for owner in life.owners[:3]:
        life.world.vm.must(
            [
                life.world.program.add_server(owner.pubkey(), bytes(32), "/ip4/1"),
                life.world.program.set_listing(owner.pubkey(), MODEL, 400_000, 100_000, 1_000),
            ],
            [owner],
        )
    life.world.vm.advance(seconds=1)
    for seed in steps:
        life.step(seed)


def shrink(steps: list[int], fails: Callable[[list[int]], bool]) -> list[int]:
    """The shortest failing life that leaving out parts leads to."""
    size = len(steps) // 2
    while size > 0:
        start = 0
        while start < len(steps):
            shorter = steps[:start] + steps[start + size :]
            if fails(shorter):
                steps = shorter
            else:
                start += size
        size //= 2
    return steps
