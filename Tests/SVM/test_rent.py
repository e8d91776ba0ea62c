"""S5, S7, S8, S10: accounts that were funded beforehand, payees that would fall below rent, rent that changes, ends."""

from __future__ import annotations

import struct

import pytest
from market.accounts import CLAIMED
from market.errors import Error
from market.instructions import SYSTEM_PROGRAM
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.rent import Rent
from solders.system_program import TransferParams, transfer
from world import MODEL, Job, World, model_hash

# What an account without data must hold.
LEAST = 890_880


def send_lamports(world: World, source: Keypair, to: Pubkey, lamports: int) -> Instruction:
    return transfer(TransferParams(from_pubkey=source.pubkey(), to_pubkey=to, lamports=lamports))


def empty(world: World, wallet: Keypair) -> None:
    everything = world.vm.balance(wallet.pubkey()) - 5_000
    world.vm.must([send_lamports(world, wallet, world.vm.keypair().pubkey(), everything)], [wallet])


class TestFundedBeforehand:
    """Anybody can send lamports to an address that does not exist yet; that must not keep it from being created."""

    @pytest.mark.parametrize("lamports", [LEAST, 5_000_000, 50_000_000])
    def test_requests(self, world: World, lamports: int) -> None:
        client = world.vm.keypair()
        job = world.job(client)
        world.vm.must([send_lamports(world, client, job.address, lamports)], [client])
        before = world.vm.balance(client.pubkey())
        world.vm.must([world.open_instruction(job)], [client])
        need = world.vm.minimum_balance(520 + len(MODEL)) + job.terms.stake
        assert world.vm.balance(job.address) == max(need, lamports)
        assert world.vm.balance(client.pubkey()) == before - max(0, need - lamports) - 5_000
        # All of it returns.
        world.vm.must([world.program.cancel_request(job.address, client.pubkey())], [client])
        assert world.vm.balance(client.pubkey()) == before + lamports - 10_000

    def test_one_lamport(self, world: World) -> None:
        """Only an account that is created in the same transaction can have had so little."""
        client = world.vm.keypair()
        job = world.job(client)
        world.vm.must([send_lamports(world, client, job.address, 1), world.open_instruction(job)], [client])

    def test_a_surplus_is_the_clients_after_the_claim(self, world: World) -> None:
        owner, client = world.provider(), world.vm.keypair()
        job = world.job(client)
        world.vm.must([send_lamports(world, client, job.address, 50_000_000)], [client])
        world.vm.must([world.open_instruction(job)], [client])
        world.vm.advance(seconds=1)
        world.lock(job, owner)
        world.claim(job, owner, 10_000, vouched=10_000)
        assert world.vm.balance(job.address) == 50_000_000 - job.terms.stake
        before = world.vm.balance(client.pubkey())
        world.vm.must([world.program.close_request(job.address, client.pubkey())], [client])
        assert world.vm.balance(client.pubkey()) == before + 50_000_000 - job.terms.stake - 5_000

    def test_servers_and_the_market(self) -> None:
        world = World(initialize=False)
        owner = world.vm.keypair()
        world.vm.fund(world.program.server(owner.pubkey()), 30_000_000)
        world.vm.must([world.program.add_server(owner.pubkey(), bytes(32), "/ip4/1")], [owner])
        world.vm.fund(world.program.market, LEAST)
        key = world.authority.pubkey()
        world.vm.must([world.program.initialize_market(key, key, world.treasury)], [world.authority])
        # The surplus is the owner's, at the next settlement of rent.
        before = world.vm.balance(owner.pubkey())
        world.vm.must([world.program.set_listing(owner.pubkey(), MODEL, 1)], [owner])
        server = world.program.server(owner.pubkey())
        rent = world.vm.minimum_balance(len(world.vm.data(server)))
        assert world.vm.balance(server) == rent
        assert world.vm.balance(owner.pubkey()) == before + 30_000_000 - rent - 5_000


class TestPayeesBelowRent:
    def test_a_remainder_that_the_client_cannot_keep_waits(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner, stake=LEAST - 1 + 20_000)
        empty(world, job.client)
        rent = world.vm.balance(job.address) - job.terms.stake
        world.claim(job, owner, 20_000, vouched=20_000)
        assert world.vm.balance(job.client.pubkey()) == 0
        assert world.vm.balance(job.address) == rent + LEAST - 1

    def test_a_remainder_that_it_just_can_keep_does_not(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner, stake=LEAST + 20_000)
        empty(world, job.client)
        world.claim(job, owner, 20_000, vouched=20_000)
        assert world.vm.balance(job.client.pubkey()) == LEAST

    def test_a_client_that_empties_its_wallet_cannot_block_the_claim(self, world: World) -> None:
        """And it can take the remainder home whenever it likes, together with the rent."""
        owner = world.provider()
        job = world.locked(owner, stake=500_000)
        empty(world, job.client)
        world.claim(job, owner, 400_000, vouched=400_000)
        assert world.request(job).state == CLAIMED
        payer = world.vm.keypair()
        left = world.vm.balance(job.address)
        close = world.program.close_request(job.address, job.client.pubkey())
        world.vm.must([close], [payer, job.client])
        assert world.vm.balance(job.client.pubkey()) == left

    def test_a_client_account_that_was_passed_read_only(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner)
        (claim,) = world.claim_instructions(job, owner, 1_000)
        accounts = list(claim.accounts)
        accounts[3] = AccountMeta(job.client.pubkey(), is_signer=False, is_writable=False)
        before = world.vm.balance(job.client.pubkey())
        world.vm.must([Instruction(claim.program_id, bytes(claim.data), accounts)], [owner])
        assert world.vm.balance(job.client.pubkey()) == before
        assert world.request(job).charge == 1_000

    def test_a_client_account_that_has_become_anothers_and_large(self, world: World) -> None:
        """The wallet is assigned to a program and grows: its own rent exemption counts."""
        owner = world.provider()
        job = world.locked(owner)
        world.vm.set_account(job.client.pubkey(), 1_000_000, bytes(10_000), Keypair().pubkey())
        world.claim(job, owner, 20_000, vouched=20_000)
        assert world.vm.balance(job.client.pubkey()) == 1_000_000

    def test_an_owner_whose_account_is_empty_is_paid_into_its_server(self) -> None:
        world = World(fee=250)
        owner, payer = world.provider(), world.vm.keypair()
        job = world.locked(owner)
        empty(world, owner)
        server = world.program.server(owner.pubkey())
        before = world.vm.balance(server)
        world.vm.must(world.claim_instructions(job, owner, 40_000, vouched=40_000), [payer, owner])
        assert world.vm.balance(owner.pubkey()) == 0
        assert world.vm.balance(server) == before + 40_000
        assert world.server(owner).fees_owed == 1_000
        # As soon as the account can keep it, any settlement of rent pays it out; the fees stay.
        world.vm.fund(owner.pubkey(), 10_000_000)
        world.vm.must([world.program.remove_listing(owner.pubkey(), model_hash())], [owner])
        rent = world.vm.minimum_balance(len(world.vm.data(server)))
        assert world.vm.balance(server) == rent + 1_000
        gained = 40_000 - 1_000 + before - rent
        assert world.vm.balance(owner.pubkey()) == 10_000_000 + gained - 5_000

    def test_an_owner_that_cannot_keep_the_rent_of_a_listing(self, world: World) -> None:
        owner, payer = world.provider(), world.vm.keypair()
        empty(world, owner)
        server = world.program.server(owner.pubkey())
        before = world.vm.balance(server)
        world.vm.must([world.program.remove_listing(owner.pubkey(), model_hash())], [payer, owner])
        assert (world.vm.balance(owner.pubkey()), world.vm.balance(server)) == (0, before)
        world.vm.must([world.program.close_server(owner.pubkey(), world.treasury)], [payer, owner])
        assert world.vm.balance(owner.pubkey()) == before


class TestRentThatChanges:
    def set_sysvar(self, world: World, lamports_per_byte: int, threshold: float) -> None:
        world.vm.svm.set_rent(Rent.from_bytes(struct.pack("<QdB", lamports_per_byte, threshold, 50)))

    def set_rent(self, world: World, lamports_per_byte: int) -> None:
        self.set_sysvar(world, lamports_per_byte, 1.0)

    @pytest.mark.parametrize("price", [1, 696, 6_960, 69_600])
    def test_it_is_read_and_not_assumed(self, world: World, price: int) -> None:
        self.set_rent(world, price)
        job = world.open()
        assert world.vm.balance(job.address) == (128 + 520 + len(MODEL)) * price + job.terms.stake

    @pytest.mark.parametrize(("years", "factor"), [(1.0, 1), (2.0, 2), (4.0, 4), (1.5, 2), (3.0, 4), (0.5, 1), (0.0, 1)])
    def test_thresholds_of_any_length(self, world: World, years: float, factor: int) -> None:
        """Exact for 1 and 2, never too little for others."""
        self.set_sysvar(world, 1_000, years)
        job = world.open()
        held = world.vm.balance(job.address) - job.terms.stake
        assert held == (128 + 520 + len(MODEL)) * 1_000 * factor
        assert held >= world.vm.minimum_balance(520 + len(MODEL))

    def test_when_it_falls_everything_still_returns(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner)
        deposit = world.vm.balance(job.address) - job.terms.stake
        self.set_rent(world, 696)
        world.claim(job, owner, 20_000, vouched=20_000)
        assert world.vm.balance(job.address) == deposit
        before = world.vm.balance(job.client.pubkey())
        world.vm.must([world.program.close_request(job.address, job.client.pubkey())], [job.client])
        assert world.vm.balance(job.client.pubkey()) == before + deposit - 5_000

    def test_when_it_rises_the_remainder_waits(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner, stake=50_000_000)
        self.set_rent(world, 13_920)
        held = world.vm.balance(job.address)
        world.claim(job, owner, 20_000, vouched=20_000)
        assert world.vm.balance(job.address) == held - 20_000

    def test_when_it_rises_further_a_smaller_claim_passes(self, world: World) -> None:
        owner = world.provider()
        job = world.locked(owner, stake=1_000_000)
        held = world.vm.balance(job.address)
        self.set_rent(world, 7_500)
        due = world.vm.minimum_balance(520 + len(MODEL))
        payable = held - due
        assert 0 < payable < 1_000_000
        too_much = world.claim_instructions(job, owner, payable + 1, vouched=1_000_000)
        world.vm.refuse(Error.ConstraintRentExempt, too_much, [owner])
        world.claim(job, owner, payable, vouched=1_000_000)
        assert world.vm.balance(job.address) == due


class TestEnds:
    """S8: what is closed stays closed, whoever sends lamports back."""

    def ended(self, world: World, job: Job) -> None:
        account = world.vm.account(job.address)
        assert account is None or (bytes(account.data), account.owner) == (b"", SYSTEM_PROGRAM)

    def test_lamports_sent_back_in_the_same_transaction(self, world: World) -> None:
        job = world.open()
        cancel = world.program.cancel_request(job.address, job.client.pubkey())
        back = send_lamports(world, job.client, job.address, 5_000_000)
        world.vm.must([cancel, back], [job.client])
        self.ended(world, job)
        world.vm.refuse(Error.AccountOwnedByWrongProgram, [cancel], [job.client])

    def test_a_request_opened_again_in_the_same_transaction(self, world: World) -> None:
        job = world.open()
        cancel = world.program.cancel_request(job.address, job.client.pubkey())
        world.vm.must([cancel, world.open_instruction(job)], [job.client])
        assert world.request(job).created_slot == world.vm.slot

    def test_claims_after_the_end_in_the_same_transaction(self, world: World) -> None:
        owner = world.provider()
        job = world.claimed(owner)
        close = world.program.close_request(job.address, job.client.pubkey())
        claim = world.program.claim_payment(job.address, owner.pubkey(), job.client.pubkey(), 1)
        world.vm.refuse(Error.AccountOwnedByWrongProgram, [close, claim], [job.client, owner])

    def test_a_server_opened_again_in_the_same_transaction_is_new(self, world: World) -> None:
        owner = world.provider()
        world.claimed(owner)
        close = world.program.close_server(owner.pubkey(), world.treasury)
        world.vm.must([close, world.program.add_server(owner.pubkey())], [owner])
        record = world.server(owner)
        assert (record.completed, record.listings, record.registered_at) == (0, [], world.vm.now)
