"""What the program refuses, anchorpy explains: its own codes by the IDL's words, the framework's by Anchor's."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from anchorpy.error import LangErrorMessage, ProgramError
from cluster import ROOT
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.sysvar import INSTRUCTIONS
from solders.transaction_status import InstructionErrorCustom, TransactionErrorInstructionError
from voucher import verification
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


def refused(world: World, call: Callable[[], object]) -> ProgramError:
    """What anchorpy raises for a call that the program refuses."""
    with pytest.raises(ProgramError) as caught:
        call()
    world.provoked.add(caught.value.code)
    return caught.value


def refused_opening(world: World, job: Job, direct: Keypair | None = None, **terms: object) -> ProgramError:
    return refused(world, lambda: world.open(job, direct, **terms))


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
    check(refused(world, lambda: world.claim(forger, owner, 10_000, vouched=10_000)), "VoucherWrongSigner")

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
    framework(refused(world, world.initialize_market), 3000)  # AccountDiscriminatorAlreadySet
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


def test_what_is_refused_for_its_time(world: World, owner: Keypair, client: Keypair) -> None:
    late = world.job(client)
    world.open(late, lifetime=1)
    _, now = world.clock()
    world.wait_for_time(now + 3)
    check(refused(world, lambda: world.lock(late, owner)), "RequestExpired")

    again = world.job(client)
    world.open(again)
    request = world.fetch("InferenceRequest", again.address)
    world.lock(again, owner)
    accounts = world.owning(owner, request=again.address)
    release = world.instruction("release_request", accounts={**accounts, "requester": client.pubkey()})
    lock = (request.created_slot, request.stake, 0, "")
    once_more = world.instruction("lock_request", *lock, accounts={**accounts, "market": world.market})
    # Given back, locked, given back and locked again: the last two in one second.
    refusal = world.refusal(
        "lock_request",
        *lock,
        accounts={**accounts, "market": world.market},
        signers=[owner],
        before=[release, once_more, release],
    )
    check(refusal, "LockTooSoon")


def test_a_listing_raised_after_the_request(world: World, client: Keypair) -> None:
    owner = world.provider()
    job = world.job(client)
    world.open(job, maximum_output_price=900_000)
    world.set_listing(owner, output=800_000)
    check(refused(world, lambda: world.lock(job, owner)), "ListingRaised")


def test_vouchers(world: World, owner: Keypair, client: Keypair) -> None:
    job = world.job(client)
    world.open(job)
    world.lock(job, owner)
    locked_at = world.fetch("InferenceRequest", job.address).locked_at
    accounts = world.owning(owner, request=job.address, requester=client.pubkey(), instructions=INSTRUCTIONS)
    signer = job.voucher_signer

    def claim(proof: Instruction) -> ProgramError:
        return world.refusal("claim_payment", 9_000, accounts=accounts, signers=[owner], before=[proof])

    good = verification(signer, job.address, 9_000, locked_at)
    padded = bytearray(bytes(good.data))
    padded[1] = 1
    check(claim(Instruction(good.program_id, bytes(padded), [])), "VoucherMalformed")
    check(claim(verification(signer, owner.pubkey(), 9_000, locked_at)), "VoucherWrongRequest")
    check(claim(verification(signer, job.address, 9_000, locked_at + 1)), "VoucherWrongLock")
    accounts["instructions"] = client.pubkey()
    accounts["requester"] = client.pubkey()
    framework(world.refusal("claim_payment", 9_000, accounts={**accounts, "instructions": Keypair().pubkey()}, signers=[owner]), 2012)


def test_comparisons_that_cannot_be(world: World, client: Keypair) -> None:
    owners = [world.provider(), world.provider()]
    jobs = [world.job(client) for _ in range(4)]
    for job, owner in zip(jobs, [owners[0], owners[1], owners[0], owners[1]]):
        world.open(job, direct=owner)
        world.claim(job, owner, 2_000, vouched=2_000)

    def compare(first: int, second: int) -> dict[str, Pubkey]:
        return {
            "market": world.market,
            "preferred_request": jobs[first].address,
            "other_request": jobs[second].address,
            "preferred_server": world.server(owners[first % 2]),
            "other_server": world.server(owners[second % 2]),
            "preferred_requester": client.pubkey(),
            "other_requester": client.pubkey(),
        }

    same = {**compare(0, 2), "other_server": world.server(owners[1])}
    check(world.refusal("compare_responses", accounts=same, signers=[client]), "SameServer")
    world.send("compare_responses", accounts=compare(0, 1), signers=[client])
    check(world.refusal("compare_responses", accounts=compare(0, 3), signers=[client]), "AlreadyCompared")
    # The second server begins anew: what it did before is no longer its own.
    _, now = world.clock()
    world.wait_for_time(now + 2)
    closing = world.owning(owners[1], market=world.market, treasury=world.treasury)
    world.send("close_server", accounts=closing, signers=[owners[1]])
    world.add_server(owners[1])
    check(world.refusal("compare_responses", accounts=compare(2, 3), signers=[client]), "ServerReregistered")


def test_too_many_listings(world: World) -> None:
    owner = world.keypair()
    world.add_server(owner)
    accounts = world.owning(owner, system_program=SYSTEM_PROGRAM)
    for start in range(0, 64, 8):
        names = [f"org/model-{n}" for n in range(start, start + 8)]
        rows = [world.instruction("set_listing", 1, 0, 0, name, accounts=accounts) for name in names]
        world.send("set_listing", 1, 0, 0, names[-1], accounts=accounts, signers=[owner], before=rows[:-1])
    refusal = world.refusal("set_listing", 1, 0, 0, "one/more", accounts=accounts, signers=[owner])
    check(refusal, "TooManyListings")


def test_what_anchorpy_would_not_build(world: World, owner: Keypair, client: Keypair) -> None:
    beat = world.instruction("heartbeat", accounts=world.owning(owner))

    def but(data: bytes | None = None, accounts: list[AccountMeta] | None = None) -> Instruction:
        return Instruction(
            beat.program_id, bytes(beat.data) if data is None else data, list(beat.accounts) if accounts is None else accounts
        )

    framework(world.spoilt(but(data=b"short"), [owner]), 100)  # InstructionMissing
    framework(world.spoilt(but(data=bytes(8)), [owner]), 101)  # InstructionFallbackNotFound
    framework(world.spoilt(but(data=bytes(beat.data) + b"more"), [owner]), 102)  # InstructionDidNotDeserialize
    framework(world.spoilt(but(accounts=list(beat.accounts)[:1]), []), 3005)  # AccountNotEnoughKeys
    server, signer = beat.accounts
    read_only = AccountMeta(server.pubkey, is_signer=False, is_writable=False)
    framework(world.spoilt(but(accounts=[read_only, signer]), [owner]), 2000)  # ConstraintMut
    unsigned = AccountMeta(signer.pubkey, is_signer=False, is_writable=False)
    framework(world.spoilt(but(accounts=[server, unsigned]), []), 3010)  # AccountNotSigner
    job = world.job(client)
    named = {
        "request": job.address,
        "requester": client.pubkey(),
        "system_program": SYSTEM_PROGRAM,
        "server": world.program_id,
        "market": world.program_id,
    }
    opening = world.instruction("request_inference", *world.terms(job), accounts=named)
    data = bytearray(bytes(opening.data))
    data[135] = 2
    check(world.spoilt(Instruction(opening.program_id, bytes(data), opening.accounts), [client]), "ModeUnknown")


# What no client can make the program answer here, and why.
DECODED_ONLY = {
    "HeartbeatStale": "a quarter of an hour must pass, and a cluster's clock is its own",
    "DeadlinePassed": "ten minutes must pass",
    "ClaimsTooFarApart": "ten minutes must pass",
    "ConstraintRentExempt": "the cluster must raise the rent",
    "AccountDiscriminatorNotFound": "the program makes no account that short",
    "AccountDidNotDeserialize": "the program makes no account that short",
    # Only in the cluster that is born with its market.
    "NotUpgradeAuthority": "the market must not exist yet",
}


def test_anchorpy_names_every_error(world: World) -> None:
    """All codes of the specification: provoked by the tests before this one, or, for the few above, decoded from the answer
    that a node would give.
    """
    page = (ROOT / "Documentation" / "market-program.md").read_text()
    errors = {int(code): name for code, name in re.findall(r"^\| (\d{3,4}) \| `([A-Z]\w+)` \|", page, re.MULTILINE)}
    assert len(errors) == 68
    left = {name for code, name in errors.items() if code not in world.provoked}
    assert left <= set(DECODED_ONLY), left - set(DECODED_ONLY)
    assert {"HeartbeatStale", "DeadlinePassed"} <= left
    for code, name in errors.items():
        answer = TransactionErrorInstructionError(0, InstructionErrorCustom(code))
        logs = [f"Program {world.program_id} invoke [1]", f"Program {world.program_id} failed: custom program error: {code:#x}"]
        decoded = ProgramError.parse_tx_error(answer, world.errors, world.program_id, logs)
        assert decoded is not None, name
        assert decoded.code == code
        assert decoded.msg == (MESSAGES[code] if code >= 6_000 else LangErrorMessage[code])
