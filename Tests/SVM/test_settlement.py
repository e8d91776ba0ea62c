"""The settlement table of the design, row by row: what each side has in the end.

`VM.send` checks with every transaction that lamports are conserved.
"""

from __future__ import annotations

import pytest
from market.errors import Error
from market.instructions import UPGRADEABLE_LOADER
from market.voucher import message, verification
from solders.keypair import Keypair
from world import Job, World

FEE = 250
SIGNATURE = 5_000


def part(amount: int) -> int:
    return amount - amount * FEE // 10_000


class Books:
    """Balances of client and server before the request, to compare with after."""

    def __init__(self, world: World, client: Keypair, owner: Keypair) -> None:
        self.world, self.client, self.owner = world, client, owner
        self.start = self._now()

    def _now(self) -> tuple[int, int, int]:
        world = self.world
        server = world.program.server(self.owner.pubkey())
        return (
            world.vm.balance(self.client.pubkey()),
            world.vm.balance(self.owner.pubkey()),
            world.vm.balance(server),
        )

    def changes(self, client_signatures: int, owner_signatures: int) -> tuple[int, int, int]:
        """What client, owner and server account have gained, transaction fees aside."""
        now = self._now()
        return (
            now[0] - self.start[0] + client_signatures * SIGNATURE,
            now[1] - self.start[1] + owner_signatures * SIGNATURE,
            now[2] - self.start[2],
        )


@pytest.fixture
def scene(fee_world: World) -> tuple[World, Keypair, Keypair, Books]:
    owner = fee_world.provider()
    client = fee_world.vm.keypair()
    return fee_world, owner, client, Books(fee_world, client, owner)


def rent(world: World, job: Job) -> int:
    return world.vm.minimum_balance(len(world.vm.data(job.address)))


def test_nobody_locks_and_the_client_cancels(scene) -> None:
    world, owner, client, books = scene
    job = world.open(client)
    world.vm.must([world.program.cancel_request(job.address, client.pubkey())], [client])
    assert books.changes(2, 0) == (0, 0, 0)
    assert world.vm.account(job.address) is None


def test_nobody_locks_and_anybody_expires(scene) -> None:
    world, owner, client, books = scene
    job = world.open(client)
    crank = world.vm.keypair()
    world.vm.advance(seconds=3_600)
    world.vm.must([world.program.expire_request(job.address, client.pubkey())], [crank])
    assert books.changes(1, 0) == (0, 0, 0)
    assert world.vm.account(job.address) is None


def test_the_server_vanishes_until_the_deadline(scene) -> None:
    world, owner, client, books = scene
    job = world.locked(owner, client)
    world.vm.advance(seconds=3_600)
    server = world.program.server(owner.pubkey())
    world.vm.must([world.program.expire_request(job.address, client.pubkey(), server)], [world.vm.keypair()])
    assert books.changes(1, 1) == (0, 0, 0)
    assert (world.server(owner).failed, world.server(owner).open_locks) == (1, 0)


def test_the_server_vanishes_and_the_client_begins_to_close(scene) -> None:
    world, owner, client, books = scene
    job = world.locked(owner, client)
    world.vm.must([world.program.begin_close(job.address, client.pubkey())], [client])
    server = world.program.server(owner.pubkey())
    expire = [world.program.expire_request(job.address, client.pubkey(), server)]
    world.vm.advance(seconds=600)
    world.vm.refuse(Error.RequestNotExpired, expire, [client])
    world.vm.advance(seconds=1)
    world.vm.must(expire, [client])
    assert books.changes(4, 1) == (0, 0, 0)
    assert world.server(owner).failed == 1


def test_the_server_releases(scene) -> None:
    world, owner, client, books = scene
    job = world.locked(owner, client)
    world.vm.must([world.program.release_request(job.address, owner.pubkey(), client.pubkey())], [owner])
    stays = rent(world, job) + job.terms.stake
    assert books.changes(1, 2) == (-stays, 0, 0)
    assert world.vm.balance(job.address) == stays
    assert world.server(owner).failed == 0


def test_the_client_vanishes_before_the_prompt(scene) -> None:
    world, owner, client, books = scene
    job = world.locked(owner, client, credit=5_000)
    world.vm.refuse(Error.AmountNotVouched, world.claim_instructions(job, owner, 5_001), [owner])
    world.claim(job, owner, 5_000)
    assert books.changes(1, 3) == (-5_000 - rent(world, job), part(5_000), 125)
    record = world.server(owner)
    assert (record.completed, record.failed, record.earned, record.fees_owed) == (0, 0, 0, 125)


@pytest.mark.parametrize("vouched", [5_001, 40_000, 1_000_000])
def test_the_stream_ends_early_and_the_server_claims_the_last_voucher(scene, vouched: int) -> None:
    """The same rows for a client that vanishes, a server that stops, and a full answer."""
    world, owner, client, books = scene
    job = world.locked(owner, client)
    if vouched < job.terms.stake:
        world.vm.refuse(
            Error.AmountNotVouched, world.claim_instructions(job, owner, vouched + 1, vouched=vouched), [owner]
        )
    signatures = 1 if vouched < job.terms.stake else 0
    world.claim(job, owner, vouched, vouched=vouched)
    # A voucher is a signature that is paid for.
    assert books.changes(1, 1 + 2 * (1 + signatures)) == (
        -vouched - rent(world, job),
        part(vouched),
        vouched - part(vouched),
    )
    world.vm.must([world.program.close_request(job.address, client.pubkey())], [client])
    assert books.changes(2, 1 + 2 * (1 + signatures))[0] == -vouched


def test_the_clients_wallet_is_empty_at_the_claim(scene) -> None:
    world, owner, client, books = scene
    job = world.locked(owner, client, stake=500_000)
    drain(world, client)
    # A remainder of 480,000 would leave an account below the rent exemption of 890,880.
    world.claim(job, owner, 20_000, vouched=20_000)
    assert world.vm.balance(client.pubkey()) == 0
    assert world.vm.balance(job.address) == rent(world, job) + 480_000
    # A day later anybody brings it home.
    world.vm.advance(seconds=86_400)
    back = rent(world, job) + 480_000
    world.vm.must([world.program.close_request(job.address, client.pubkey(), signed=False)], [world.vm.keypair()])
    assert world.vm.balance(client.pubkey()) == back


def drain(world: World, wallet: Keypair) -> None:
    from solders.system_program import TransferParams, transfer

    everything = world.vm.balance(wallet.pubkey()) - SIGNATURE
    sink = world.vm.keypair().pubkey()
    world.vm.must(
        [transfer(TransferParams(from_pubkey=wallet.pubkey(), to_pubkey=sink, lamports=everything))], [wallet]
    )


class TestRefusedClaims:
    """The last row: each refused with its own error, and nothing moves (which `VM.send` checks)."""

    def test_after_the_deadline(self, scene) -> None:
        world, owner, client, _ = scene
        job = world.locked(owner, client)
        world.vm.set_time(world.request(job).deadline + 1)
        world.vm.refuse(Error.DeadlinePassed, world.claim_instructions(job, owner, 1, vouched=1), [owner])

    def test_twice(self, scene) -> None:
        world, owner, client, _ = scene
        job = world.claimed(owner, client=client)
        world.vm.refuse(
            Error.RequestNotLocked,
            [
                verification(job.voucher_signer, message(job.address, 30_000, world.request(job).locked_at)),
                world.program.claim_payment(job.address, owner.pubkey(), client.pubkey(), 30_000, vouched=True),
            ],
            [owner],
        )

    def test_too_large(self, scene) -> None:
        world, owner, client, _ = scene
        job = world.locked(owner, client, stake=1_000_000)
        claim = world.claim_instructions(job, owner, 1_000_001, vouched=2**63)
        world.vm.refuse(Error.AmountAboveStake, claim, [owner])
        claim = world.claim_instructions(job, owner, 2**64 - 1, vouched=2**64 - 1)
        world.vm.refuse(Error.AmountAboveStake, claim, [owner])

    def test_by_another_server(self, scene) -> None:
        world, owner, client, _ = scene
        thief = world.provider()
        job = world.locked(owner, client)
        world.vm.refuse(Error.WrongServer, world.claim_instructions(job, thief, 10, vouched=10), [thief])

    def test_with_anothers_voucher(self, scene) -> None:
        world, owner, client, _ = scene
        job, other = world.locked(owner, client), world.locked(owner)
        claim = world.program.claim_payment(job.address, owner.pubkey(), client.pubkey(), 9_000, vouched=True)
        world.vm.refuse(Error.VoucherWrongSigner, [world.voucher(other, 9_000), claim], [owner])

    def test_with_the_voucher_of_an_earlier_lock(self, scene) -> None:
        world, owner, client, _ = scene
        job = world.locked(owner, client)
        earlier = world.voucher(job, 900_000)
        world.vm.must([world.program.release_request(job.address, owner.pubkey(), client.pubkey())], [owner])
        world.vm.advance(seconds=1)
        world.lock(job, owner)
        claim = world.program.claim_payment(job.address, owner.pubkey(), client.pubkey(), 900_000, vouched=True)
        world.vm.refuse(Error.VoucherWrongLock, [earlier, claim], [owner])

    def test_with_the_voucher_of_an_earlier_incarnation(self, scene) -> None:
        world, owner, client, _ = scene
        job = world.claimed(owner, amount=10, client=client)
        old = verification(job.voucher_signer, message(job.address, 900_000, world.request(job).locked_at))
        world.vm.must([world.program.close_request(job.address, client.pubkey())], [client])
        world.vm.must([world.open_instruction(job)], [client])
        world.vm.advance(seconds=1)
        world.lock(job, owner)
        claim = world.program.claim_payment(job.address, owner.pubkey(), client.pubkey(), 900_000, vouched=True)
        world.vm.refuse(Error.VoucherWrongLock, [old, claim], [owner])


def test_the_loader_is_the_real_one(world: World) -> None:
    account = world.vm.account(world.program.id)
    assert account is not None
    assert account.executable
    assert account.owner == UPGRADEABLE_LOADER
