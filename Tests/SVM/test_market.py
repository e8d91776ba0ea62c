"""The market account and its fees."""

from __future__ import annotations

import struct

import pytest
from market.errors import Error
from market.instructions import INSTRUCTIONS_SYSVAR, SYSTEM_PROGRAM, UPGRADEABLE_LOADER, MarketProgram, r
from market.wire import discriminator
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from vm.loader import deploy
from world import World, program_bytes


def market_event(name: str, world: World) -> bytes:
    market = world.market
    return (
        discriminator("event", name)
        + bytes(market.authority)
        + bytes(market.pending_authority)
        + bytes(market.treasury)
        + struct.pack("<QH", market.minimum_compared_charge, market.fee_basis_points)
    )


@pytest.fixture
def bare() -> World:
    return World(initialize=False)


def initialize(world: World, **options: object) -> Instruction:
    arguments = {"authority": world.market_authority.pubkey(), "treasury": world.treasury, **options}
    return world.program.initialize_market(world.authority.pubkey(), **arguments)


class TestInitialization:
    def test_by_the_upgrade_authority(self, bare: World) -> None:
        outcome = bare.vm.must([initialize(bare, minimum=7, fee=1_000)], [bare.authority])
        market = bare.market
        assert (market.authority, market.treasury) == (bare.market_authority.pubkey(), bare.treasury)
        assert (market.pending_authority, market.version) == (Pubkey.default(), 1)
        assert (market.minimum_compared_charge, market.fee_basis_points) == (7, 1_000)
        assert bare.program.pda(b"market") == (bare.program.market, market.bump)
        assert len(bare.vm.data(bare.program.market)) == 160
        assert outcome.events == [market_event("MarketInitialized", bare)]

    def test_once(self, bare: World) -> None:
        bare.vm.must([initialize(bare)], [bare.authority])
        bare.vm.refuse(Error.AccountDiscriminatorAlreadySet, [initialize(bare, fee=1)], [bare.authority])

    def test_by_nobody_else(self, bare: World) -> None:
        stranger = bare.vm.keypair()
        instruction = bare.program.initialize_market(stranger.pubkey(), stranger.pubkey(), bare.treasury)
        bare.vm.refuse(Error.NotUpgradeAuthority, [instruction], [stranger])

    def test_not_through_another_programs_data(self, bare: World) -> None:
        """A program of the attacker's own, whose authority it is, proves nothing about this one."""
        stranger = bare.vm.keypair()
        copy = Keypair()
        deploy(bare.vm, program_bytes(), copy, stranger)
        theirs, their_data = copy.pubkey(), MarketProgram(copy.pubkey()).program_data
        instruction = bare.program.initialize_market(stranger.pubkey(), stranger.pubkey(), bare.treasury)
        accounts = list(instruction.accounts)

        def attempt(program: Pubkey, data: Pubkey) -> Instruction:
            accounts[3], accounts[4] = r(program), r(data)
            return Instruction(instruction.program_id, bytes(instruction.data), accounts)

        own = bare.program
        bare.vm.refuse(Error.InvalidProgramId, [attempt(theirs, their_data)], [stranger])
        bare.vm.refuse(Error.ConstraintAddress, [attempt(own.id, their_data)], [stranger])
        bare.vm.refuse(Error.InvalidProgramId, [attempt(theirs, own.program_data)], [stranger])

    def test_not_at_another_address(self, bare: World) -> None:
        instruction = initialize(bare)
        accounts = list(instruction.accounts)
        for address in (Keypair().pubkey(), bare.program.server(bare.authority.pubkey())):
            accounts[0] = AccountMeta(address, is_signer=False, is_writable=True)
            moved = Instruction(instruction.program_id, bytes(instruction.data), accounts)
            bare.vm.refuse(Error.ConstraintSeeds, [moved], [bare.authority])

    def test_not_with_a_lower_bump(self, bare: World) -> None:
        """S4: of all bumps that give an address, only the highest is the market's."""
        instruction = initialize(bare)
        accounts = list(instruction.accounts)
        others = [address for address in bare.program.every_pda(b"market") if address != bare.program.market]
        assert len(others) > 50
        for address in others:
            accounts[0] = AccountMeta(address, is_signer=False, is_writable=True)
            lower = Instruction(instruction.program_id, bytes(instruction.data), accounts)
            bare.vm.refuse(Error.ConstraintSeeds, [lower], [bare.authority])

    @pytest.mark.parametrize("fee", [1_001, 10_000, 65_535])
    def test_fees_have_a_cap(self, bare: World, fee: int) -> None:
        bare.vm.refuse(Error.FeeTooHigh, [initialize(bare, fee=fee)], [bare.authority])
        bare.vm.must([initialize(bare)], [bare.authority])
        update = bare.program.update_market(bare.market_authority.pubkey(), bare.treasury, fee=fee)
        bare.vm.refuse(Error.FeeTooHigh, [update], [bare.market_authority])

    def test_treasuries_that_could_never_be_paid(self, bare: World) -> None:
        poor, other, program = Keypair().pubkey(), Keypair().pubkey(), bare.program.id
        bare.vm.set_account(other, 10_000_000, bytes(10), Keypair().pubkey())
        sysvar = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
        for treasury in (poor, other, sysvar, INSTRUCTIONS_SYSVAR, UPGRADEABLE_LOADER):
            bare.vm.refuse(Error.TreasuryUnusable, [initialize(bare, treasury=treasury)], [bare.authority])
        for treasury in (program, SYSTEM_PROGRAM, bare.authority.pubkey()):
            bare.vm.refuse(Error.DuplicateAccount, [initialize(bare, treasury=treasury)], [bare.authority])
        bare.vm.must([initialize(bare)], [bare.authority])
        for treasury in (poor, other, sysvar):
            update = bare.program.update_market(bare.market_authority.pubkey(), treasury)
            bare.vm.refuse(Error.TreasuryUnusable, [update], [bare.market_authority])

    def test_a_fake_system_program(self, bare: World) -> None:
        """S11."""
        instruction = initialize(bare)
        accounts = [*list(instruction.accounts)[:5], r(Keypair().pubkey())]
        fake = Instruction(instruction.program_id, bytes(instruction.data), accounts)
        bare.vm.refuse(Error.InvalidProgramId, [fake], [bare.authority])


class TestAuthority:
    def test_changes_fee_minimum_and_treasury(self, world: World) -> None:
        treasury = world.vm.keypair().pubkey()
        update = world.program.update_market(world.market_authority.pubkey(), treasury, None, 9, 500)
        outcome = world.vm.must([update], [world.market_authority])
        market = world.market
        assert (market.treasury, market.minimum_compared_charge, market.fee_basis_points) == (treasury, 9, 500)
        assert outcome.events == [market_event("MarketUpdated", world)]

    def test_nobody_else_does(self, world: World) -> None:
        for stranger in (world.vm.keypair(), world.authority):
            update = world.program.update_market(stranger.pubkey(), world.treasury)
            world.vm.refuse(Error.NotMarketAuthority, [update], [stranger])

    def test_passes_on_in_two_steps(self, world: World) -> None:
        old, new, stranger = world.market_authority, world.vm.keypair(), world.vm.keypair()
        world.vm.must([world.program.update_market(old.pubkey(), world.treasury, new.pubkey())], [old])
        assert (world.market.authority, world.market.pending_authority) == (old.pubkey(), new.pubkey())
        # Until it is accepted the old one may change its mind.
        world.vm.refuse(Error.NotPendingAuthority, [world.program.accept_market(stranger.pubkey())], [stranger])
        world.vm.refuse(Error.NotPendingAuthority, [world.program.accept_market(old.pubkey())], [old])
        world.vm.must([world.program.update_market(old.pubkey(), world.treasury)], [old])
        world.vm.refuse(Error.NotPendingAuthority, [world.program.accept_market(new.pubkey())], [new])
        world.vm.must([world.program.update_market(old.pubkey(), world.treasury, new.pubkey())], [old])
        outcome = world.vm.must([world.program.accept_market(new.pubkey())], [new])
        assert (world.market.authority, world.market.pending_authority) == (new.pubkey(), Pubkey.default())
        assert outcome.events == [market_event("MarketAccepted", world)]
        world.vm.refuse(
            Error.NotMarketAuthority, [world.program.update_market(old.pubkey(), world.treasury)], [old]
        )
        world.vm.refuse(Error.NotPendingAuthority, [world.program.accept_market(new.pubkey())], [new])


class TestFees:
    @pytest.mark.parametrize(
        ("rate", "amount", "fee"),
        [(0, 1_000_000, 0), (1, 9_999, 0), (1, 10_000, 1), (250, 39, 0), (250, 40, 1), (1_000, 1_000_000, 100_000)],
    )
    def test_are_rounded_down(self, rate: int, amount: int, fee: int) -> None:
        world = World(fee=rate)
        owner = world.provider()
        before = world.vm.balance(owner.pubkey())
        world.claimed(owner, amount=amount)
        assert world.server(owner).fees_owed == fee
        assert world.vm.balance(owner.pubkey()) == before + amount - fee - 15_000

    def test_of_a_charge_as_large_as_can_be(self) -> None:
        """The product of charge and rate would not fit into 64 bits."""
        world = World(fee=1_000)
        owner, client = world.provider(), world.vm.keypair(0)
        stake = 2**63 + 12_345
        world.vm.set_account(client.pubkey(), stake + 10_000_000_000, b"", SYSTEM_PROGRAM)
        job = world.locked(owner, client, stake=stake)
        world.claim(job, owner, stake, vouched=stake)
        assert world.server(owner).fees_owed == stake * 1_000 // 10_000

    def test_are_those_of_the_lock(self, fee_world: World) -> None:
        world = fee_world
        owner = world.provider()
        job = world.locked(owner)
        update = world.program.update_market(world.market_authority.pubkey(), world.treasury, None, 0, 1_000)
        world.vm.must([update], [world.market_authority])
        world.claim(job, owner, 40_000, vouched=40_000)
        assert world.server(owner).fees_owed == 1_000

    def test_above_the_clients_cap_lock_nothing(self, fee_world: World) -> None:
        world = fee_world
        owner = world.provider()
        job = world.open(maximum_fee_basis_points=249)
        world.vm.refuse(Error.FeeAboveCap, [world.lock_instruction(job, owner)], [owner])
        direct = world.job(maximum_fee_basis_points=249)
        world.vm.refuse(Error.FeeAboveCap, [world.open_instruction(direct, direct=owner)], [direct.client])
        fits = world.open(maximum_fee_basis_points=250)
        world.lock(fits, owner)

    def test_anybody_collects_them(self, fee_world: World) -> None:
        world = fee_world
        owner, crank = world.provider(), world.vm.keypair()
        world.claimed(owner, amount=40_000)
        world.claimed(owner, amount=80_000)
        before = world.vm.balance(world.treasury)
        outcome = world.vm.must([world.program.collect_fees(owner.pubkey(), world.treasury)], [crank])
        assert world.vm.balance(world.treasury) == before + 3_000
        server = world.program.server(owner.pubkey())
        assert outcome.events == [discriminator("event", "FeesCollected") + bytes(server) + struct.pack("<Q", 3_000)]
        again = [world.program.collect_fees(owner.pubkey(), world.treasury)]
        world.vm.refuse(Error.NothingToCollect, again, [crank])

    def test_go_to_the_treasury_only(self, fee_world: World) -> None:
        world = fee_world
        owner, thief = world.provider(), world.vm.keypair()
        world.claimed(owner)
        world.vm.refuse(Error.WrongTreasury, [world.program.collect_fees(owner.pubkey(), thief.pubkey())], [owner])
        world.vm.refuse(Error.WrongTreasury, [world.program.close_server(owner.pubkey(), thief.pubkey())], [owner])

    def test_are_swept_when_the_server_closes(self, fee_world: World) -> None:
        world = fee_world
        owner = world.provider()
        world.claimed(owner, amount=40_000)
        treasury, wallet = world.vm.balance(world.treasury), world.vm.balance(owner.pubkey())
        server = world.program.server(owner.pubkey())
        held = world.vm.balance(server)
        outcome = world.vm.must([world.program.close_server(owner.pubkey(), world.treasury)], [owner])
        assert world.vm.balance(world.treasury) == treasury + 1_000
        assert world.vm.balance(owner.pubkey()) == wallet + held - 1_000 - 5_000
        assert world.vm.account(server) is None
        closed = discriminator("event", "ServerClosed") + bytes(server) + bytes(owner.pubkey())
        assert outcome.events[1:] == [closed]

    def test_an_empty_treasury_keeps_no_server_from_its_rent(self, fee_world: World) -> None:
        world = fee_world
        owner = world.provider()
        world.claimed(owner, amount=40_000)
        world.vm.set_account(world.treasury, 0, b"", SYSTEM_PROGRAM)
        collect = world.program.collect_fees(owner.pubkey(), world.treasury)
        world.vm.refuse(Error.TreasuryUnusable, [collect], [owner])
        wallet, held = world.vm.balance(owner.pubkey()), world.vm.balance(world.program.server(owner.pubkey()))
        world.vm.must([world.program.close_server(owner.pubkey(), world.treasury)], [owner])
        assert world.vm.balance(owner.pubkey()) == wallet + held - 5_000

    def test_a_treasury_passed_read_only_forfeits_nothing(self, fee_world: World) -> None:
        world = fee_world
        owner = world.provider()
        world.claimed(owner, amount=40_000)
        close = world.program.close_server(owner.pubkey(), world.treasury)
        accounts = [*list(close.accounts)[:3], r(world.treasury)]
        read_only = Instruction(close.program_id, bytes(close.data), accounts)
        world.vm.refuse(Error.ConstraintMut, [read_only], [owner])
