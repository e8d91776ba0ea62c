"""What the program refuses, anchorpy explains: its own codes by the IDL's words, the framework's by Anchor's."""

from __future__ import annotations

import pytest
from anchorpy.error import LangErrorMessage, ProgramError
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from world import Job, World, load_idl

NAMES = {error.name: error.code for error in load_idl().errors}
MESSAGES = {error.code: error.msg for error in load_idl().errors}


def check(error: ProgramError, name: str) -> None:
    """By name; the message is the IDL's, word for word."""
    assert error.code == NAMES[name], error
    assert error.msg == MESSAGES[error.code]


@pytest.fixture(scope="module")
def owner(world: World) -> Keypair:
    return world.provider()


@pytest.fixture(scope="module")
def client(world: World) -> Keypair:
    return world.keypair()


def refused_opening(world: World, job: Job, direct: Keypair | None = None, **terms: object) -> ProgramError:
    with pytest.raises(ProgramError) as caught:
        world.open(job, direct, **terms)
    return caught.value


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("StakeOutOfRange", {"stake": 0, "credit": 0}),
        ("CreditAboveStake", {"credit": 100_001}),
        ("LifetimeOutOfRange", {"lifetime": 0}),
        ("LifetimeOutOfRange", {"lifetime": 604_801}),
        ("CriteriaOutOfRange", {"minimum_success": 10_001}),
        ("CriteriaOutOfRange", {"maximum_fee_basis_points": 10_001}),
        ("ModelIdInvalid", {"model_id": ""}),
        ("ModelIdInvalid", {"model_id": "a b"}),
        ("ModelIdInvalid", {"model_id": "x" * 129}),
    ],
)
def test_terms_out_of_range(world: World, client: Keypair, name: str, terms: dict[str, object]) -> None:
    check(refused_opening(world, world.job(client), **terms), name)


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("PriceAboveCap", {"maximum_output_price": 399_999}),
        ("PriceAboveCap", {"maximum_input_price": 99_999}),
        ("PriceAboveCap", {"maximum_minimum_charge": 999}),
        ("FeeAboveCap", {"maximum_fee_basis_points": 249}),
        ("StakeBelowMinimumCharge", {"stake": 999, "credit": 0}),
        ("CriteriaNotMet", {"minimum_completed": 1}),
        ("ModelMismatch", {"model_id": "another/model"}),
        ("ListingNotFound", {"listing_index": 1}),
    ],
)
def test_a_server_that_does_not_fit(
    world: World, owner: Keypair, client: Keypair, name: str, terms: dict[str, object]
) -> None:
    check(refused_opening(world, world.job(client), owner, **terms), name)


def test_a_request_to_oneself(world: World, owner: Keypair) -> None:
    check(refused_opening(world, world.job(owner), owner), "OwnRequest")


def test_servers(world: World, owner: Keypair) -> None:
    stranger = world.keypair()
    theirs = {"server": world.server(owner), "owner": stranger.pubkey()}
    check(world.refusal("heartbeat", accounts=theirs, signers=[stranger]), "WrongOwner")
    accounts = world.owning(owner, system_program=SYSTEM_PROGRAM)
    long = world.refusal("update_server", [0] * 32, "x" * 193, accounts=accounts, signers=[owner])
    check(long, "PeerAddressInvalid")
    free = world.refusal("set_listing", 0, 0, 0, "org/model", accounts=accounts, signers=[owner])
    check(free, "PriceOutOfRange")
    absent = world.refusal("remove_listing", [0] * 32, accounts=world.owning(owner), signers=[owner])
    check(absent, "ListingNotFound")
    fees = {"server": world.server(owner), "market": world.market, "treasury": world.treasury}
    check(world.refusal("collect_fees", accounts=fees, signers=[]), "NothingToCollect")
    wrong = world.owning(owner, market=world.market, treasury=stranger.pubkey())
    check(world.refusal("close_server", accounts=wrong, signers=[owner]), "WrongTreasury")


def test_governance(world: World, owner: Keypair) -> None:
    accounts = {"market": world.market, "authority": owner.pubkey(), "treasury": world.treasury}
    nobody = SYSTEM_PROGRAM
    check(world.refusal("update_market", nobody, 1, 1, accounts=accounts, signers=[owner]), "NotMarketAuthority")
    accounts["authority"] = world.authority.pubkey()
    high = world.refusal("update_market", nobody, 1, 1_001, accounts=accounts, signers=[world.authority])
    check(high, "FeeTooHigh")
    accounts["treasury"] = Keypair().pubkey()
    empty = world.refusal("update_market", nobody, 1, 1, accounts=accounts, signers=[world.authority])
    check(empty, "TreasuryUnusable")
    accounts["treasury"] = world.authority.pubkey()
    twice = world.refusal("update_market", nobody, 1, 1, accounts=accounts, signers=[world.authority])
    check(twice, "DuplicateAccount")
    pending = {"market": world.market, "pending_authority": owner.pubkey()}
    check(world.refusal("accept_market", accounts=pending, signers=[owner]), "NotPendingAuthority")


def test_the_life_of_a_request(world: World, owner: Keypair, client: Keypair) -> None:
    job = world.job(client)
    world.open(job)
    server = world.server(owner)
    request = world.fetch("InferenceRequest", job.address)
    mine = {"request": job.address, "requester": client.pubkey()}
    theirs = {"request": job.address, "requester": owner.pubkey()}
    check(world.refusal("cancel_request", accounts=theirs, signers=[owner]), "WrongRequester")
    check(world.refusal("begin_close", accounts=mine, signers=[client]), "RequestNotLocked")
    early = world.refusal("expire_request", accounts={**mine, "server": server}, signers=[])
    check(early, "RequestNotExpired")
    lock = world.owning(owner, request=job.address, market=world.market)
    other = world.refusal("lock_request", request.created_slot + 1, 100_000, 0, "", accounts=lock, signers=[owner])
    check(other, "RequestRecreated")
    world.lock(job, owner)
    check(world.refusal("cancel_request", accounts=mine, signers=[client]), "RequestNotOpen")
    check(world.refusal("close_request", accounts=mine, signers=[]), "RequestNotClaimed")

    claim = world.owning(owner, **mine, instructions=world.program_id)
    check(world.refusal("claim_payment", 100_001, accounts=claim, signers=[owner]), "AmountAboveStake")
    check(world.refusal("claim_payment", 5_001, accounts=claim, signers=[owner]), "AmountNotVouched")
    claim["instructions"] = Pubkey.from_string("Sysvar1nstructions1111111111111111111111111")
    check(world.refusal("claim_payment", 1, accounts=claim, signers=[owner]), "VoucherMissing")

    stranger = world.provider()
    foreign = world.owning(stranger, **mine, instructions=world.program_id)
    check(world.refusal("claim_payment", 1, accounts=foreign, signers=[stranger]), "WrongServer")
    forger = Job(job.address, job.bump, client, Keypair())
    with pytest.raises(ProgramError) as caught:
        world.claim(forger, owner, 10_000, vouched=10_000)
    check(caught.value, "VoucherWrongSigner")

    flag = {**mine, "server": server}
    world.send("flag_response", accounts=flag, signers=[client])
    # With another blockhash, else the same transaction would come twice.
    world.next_slot()
    check(world.refusal("flag_response", accounts=flag, signers=[client]), "AlreadyFlagged")
    close = world.owning(owner, market=world.market, treasury=world.treasury)
    check(world.refusal("close_server", accounts=close, signers=[owner]), "ServerHasOpenLocks")
    world.claim(job, owner, 0)
    check(world.refusal("close_request", accounts=mine, signers=[]), "CloseTooSoon")


def test_comparisons(world: World, client: Keypair) -> None:
    owners = [world.provider(), world.provider()]
    jobs = [world.job(client) for _ in owners]
    for job, owner, vouched in zip(jobs, owners, (None, 999)):
        world.open(job, direct=owner)
        world.claim(job, owner, 999, vouched=vouched)
    accounts = {
        "market": world.market,
        "preferred_request": jobs[0].address,
        "other_request": jobs[1].address,
        "preferred_server": world.server(owners[0]),
        "other_server": world.server(owners[1]),
        "preferred_requester": client.pubkey(),
        "other_requester": client.pubkey(),
    }
    check(world.refusal("compare_responses", accounts=accounts, signers=[client]), "NotVouched")
    again = world.job(client)
    world.open(again, direct=owners[0])
    world.claim(again, owners[0], 1_000, vouched=1_000)
    accounts["preferred_request"] = again.address
    check(world.refusal("compare_responses", accounts=accounts, signers=[client]), "ChargeTooSmall")


def framework(error: ProgramError, code: int) -> None:
    assert error.code == code, error
    assert error.msg == LangErrorMessage[code]


def test_the_frameworks_own_errors(world: World, owner: Keypair) -> None:
    with pytest.raises(ProgramError) as caught:
        world.initialize_market()
    framework(caught.value, 3000)  # AccountDiscriminatorAlreadySet
    beat = {"server": world.market, "owner": owner.pubkey()}
    framework(world.refusal("heartbeat", accounts=beat, signers=[owner]), 3002)  # AccountDiscriminatorMismatch
    beat["server"] = world.treasury
    framework(world.refusal("heartbeat", accounts=beat, signers=[owner]), 3007)  # AccountOwnedByWrongProgram
    accounts = world.owning(owner, system_program=world.program_id)
    refusal = world.refusal("set_listing", 1, 1, 1, "org/model", accounts=accounts, signers=[owner])
    framework(refusal, 3008)  # InvalidProgramId
    stranger = world.keypair()
    elsewhere = {"server": Keypair().pubkey(), "owner": stranger.pubkey(), "system_program": SYSTEM_PROGRAM}
    refusal = world.refusal("add_server", [0] * 32, "", accounts=elsewhere, signers=[stranger])
    framework(refusal, 2006)  # ConstraintSeeds
