"""anchorpy drives the whole life of a request, in both modes, against the program in a local cluster."""

from __future__ import annotations

import json

from anchorpy.program.common import Event
from solana.rpc.commitment import Confirmed
from solders.pubkey import Pubkey
from solders.system_program import ID as ZERO
from solders.sysvar import INSTRUCTIONS
from world import FORMS, MODEL, World, model_hash

FEE = 250
SPECIFICATION = json.loads(FORMS["specification"].read_text())


def only(events: list[Event], name: str, **fields: object) -> None:
    """Exactly one event of the program, with exactly these fields."""
    (event,) = events
    assert event.name == name
    data = {key: value for key, value in vars(event.data).items() if not key.startswith("_")}
    assert data == fields


def test_the_market_and_its_hand_over(world: World) -> None:
    signatures = world.run(world.client.get_signatures_for_address(world.market, commitment=Confirmed)).value
    (first,) = world.events(signatures[-1].signature)
    assert first.name == "MarketInitialized"
    assert first.data.authority == world.authority.pubkey()

    market = world.fetch("Market", world.market)
    assert (market.authority, market.pending_authority) == (world.authority.pubkey(), ZERO)
    assert (market.treasury, market.fee_basis_points, market.version) == (world.treasury, FEE, 1)
    assert market.bump == Pubkey.find_program_address([b"market"], world.program_id)[1]
    assert bytes(market.reserved) == bytes(44)

    successor = world.keypair()
    told = {"treasury": world.treasury, "minimum_compared_charge": 1_000, "fee_basis_points": FEE}
    only(
        world.update_market(pending=successor.pubkey()),
        "MarketUpdated",
        authority=world.authority.pubkey(),
        pending_authority=successor.pubkey(),
        **told,
    )
    for old, new in [(world.authority, successor), (successor, world.authority)]:
        if old is successor:
            world.update_market(pending=new.pubkey(), authority=old)
        events = world.send(
            "accept_market", accounts={"market": world.market, "pending_authority": new.pubkey()}, signers=[new]
        )
        only(events, "MarketAccepted", authority=new.pubkey(), pending_authority=ZERO, **told)
    assert world.fetch("Market", world.market).authority == world.authority.pubkey()


def test_a_server_from_registration_to_its_end(world: World) -> None:
    owner = world.keypair()
    server = world.server(owner)
    only(world.add_server(owner, ""), "ServerAdded", server=server, owner=owner.pubkey())
    prices = {"output_price": 7, "input_price": 0, "minimum_charge": 2**32}
    events = world.set_listing(owner, 7, 0, 2**32, "first/model")
    only(events, "ListingSet", server=server, model_hash=model_hash("first/model"), **prices)
    world.set_listing(owner)
    accounts = world.owning(owner, system_program=ZERO)
    key = list(range(100, 132))
    only(
        world.send("update_server", key, "/dns/peer.example/tcp/1", accounts=accounts, signers=[owner]),
        "ServerUpdated",
        server=server,
    )
    only(world.send("heartbeat", accounts=world.owning(owner), signers=[owner]), "Heartbeat", server=server)

    account = world.fetch("Server", server)
    assert account.owner == owner.pubkey()
    assert account.heartbeat_at >= account.registered_at > 1_700_000_000
    assert (account.open_locks, account.completed, account.failed, account.flagged) == (0, 0, 0, 0)
    assert (account.compared, account.preferred, account.earned, account.fees_owed) == (0, 0, 0, 0)
    assert (account.peer_key, account.peer_address, account.version) == (key, "/dns/peer.example/tcp/1", 1)
    assert bytes(account.reserved) == bytes(26)
    assert account.model_ids == ["first/model", MODEL]
    first, second = account.listings
    assert first.model_hash == model_hash("first/model")
    assert (first.output_price, first.input_price, first.minimum_charge) == (7, 0, 2**32)
    assert (second.output_price, second.input_price, second.minimum_charge) == (400_000, 100_000, 1_000)
    assert second.raised_slot >= first.raised_slot > 0

    events = world.send("remove_listing", model_hash("first/model"), accounts=world.owning(owner), signers=[owner])
    only(events, "ListingRemoved", server=server, model_hash=model_hash("first/model"))
    assert world.fetch("Server", server).model_ids == [MODEL]

    accounts = world.owning(owner, market=world.market, treasury=world.treasury)
    only(
        world.send("close_server", accounts=accounts, signers=[owner]),
        "ServerClosed",
        server=server,
        owner=owner.pubkey(),
    )
    assert not world.exists(server)


def test_an_open_request_from_publication_to_its_end(world: World) -> None:
    owner = world.provider()
    server = world.server(owner)
    job = world.job()
    state = world.program.type["RequestState"]
    before = world.balance(job.client.pubkey())
    only(world.open(job), "RequestOpened", request=job.address, server=ZERO, stake=100_000)
    request = world.fetch("InferenceRequest", job.address)
    assert request.requester == job.client.pubkey()
    assert (request.server, request.state, request.flags) == (ZERO, state.Open(), 0)
    assert (request.model_hash, request.model_id) == (model_hash(), MODEL)
    assert (request.voucher_signer, request.client_key) == (job.voucher_signer.pubkey(), list(range(32, 64)))
    assert (request.stake, request.credit, request.charge) == (100_000, 5_000, 0)
    assert (request.maximum_output_price, request.maximum_input_price) == (400_000, 100_000)
    assert (request.maximum_minimum_charge, request.maximum_fee_basis_points) == (1_000, 1_000)
    assert request.expires_at == request.created_at + 600
    assert (request.bump, request.version, bytes(request.reserved)) == (job.bump, 1, bytes(12))
    assert request.peer_address == ""

    only(world.lock(job, owner, "/ip4/1.2.3.4"), "RequestLocked", request=job.address, server=server)
    request = world.fetch("InferenceRequest", job.address)
    assert (request.server, request.state, request.peer_address) == (server, state.Locked(), "/ip4/1.2.3.4")
    assert (request.output_price, request.input_price, request.minimum_charge) == (400_000, 100_000, 1_000)
    assert request.fee_basis_points == FEE
    assert request.deadline == request.locked_at + 3_600
    assert world.fetch("Server", server).open_locks == 1

    events = world.by_client("begin_close", job)
    deadline = world.fetch("InferenceRequest", job.address).deadline
    only(events, "RequestClosing", request=job.address, deadline=deadline)
    assert deadline < request.deadline

    events = world.claim(job, owner, 40_000, vouched=40_000)
    only(events, "PaymentClaimed", request=job.address, server=server, charge=40_000, fee=1_000, refund=60_000)
    request = world.fetch("InferenceRequest", job.address)
    assert (request.state, request.charge) == (state.Claimed(), 40_000)
    assert request.flags == 4 + 16  # vouched, closing
    account = world.fetch("Server", server)
    assert (account.completed, account.earned, account.fees_owed, account.open_locks) == (1, 40_000, 1_000, 0)

    treasury = world.balance(world.treasury)
    accounts = {"server": server, "market": world.market, "treasury": world.treasury}
    events = world.send("collect_fees", accounts=accounts, signers=[])
    only(events, "FeesCollected", server=server, lamports=1_000)
    assert world.balance(world.treasury) == treasury + 1_000

    only(world.close_request(job), "RequestClosed", request=job.address)
    assert not world.exists(job.address)
    # The client paid what it owed, and the fee of the one transaction for which it was the fee payer.
    assert world.balance(job.client.pubkey()) == before - 40_000 - 5_000


def test_a_direct_request_claimed_on_credit_and_flagged(world: World) -> None:
    owner = world.provider()
    server = world.server(owner)
    job = world.job()
    only(world.open(job, direct=owner), "RequestOpened", request=job.address, server=server, stake=100_000)
    request = world.fetch("InferenceRequest", job.address)
    assert (request.server, request.state, request.flags) == (server, world.program.type["RequestState"].Locked(), 1)
    assert request.locked_at == request.created_at

    events = world.claim(job, owner, 5_000)
    only(events, "PaymentClaimed", request=job.address, server=server, charge=5_000, fee=125, refund=95_000)
    only(world.by_client("flag_response", job, server=server), "ResponseFlagged", request=job.address, server=server)
    request = world.fetch("InferenceRequest", job.address)
    assert request.flags == 1 + 2  # direct, flagged
    # On credit alone, within the grace: nothing that anybody could be blamed for.
    account = world.fetch("Server", server)
    assert (account.completed, account.failed, account.flagged, account.earned) == (0, 0, 0, 0)
    only(world.close_request(job), "RequestClosed", request=job.address)


def test_two_responses_compared(world: World) -> None:
    owners = [world.provider(), world.provider()]
    client = world.keypair()
    jobs = [world.job(client) for _ in owners]
    for job, owner in zip(jobs, owners):
        world.open(job, direct=owner)
        world.claim(job, owner, 20_000, vouched=20_000)
    (better, worse) = jobs
    accounts = {
        "market": world.market,
        "preferred_request": better.address,
        "other_request": worse.address,
        "preferred_server": world.server(owners[0]),
        "other_server": world.server(owners[1]),
        "preferred_requester": client.pubkey(),
        "other_requester": client.pubkey(),
    }
    events = world.send("compare_responses", accounts=accounts, signers=[client])
    only(events, "ResponsesCompared", preferred_request=better.address, other_request=worse.address)
    records = [world.fetch("Server", world.server(owner)) for owner in owners]
    assert [(record.compared, record.preferred) for record in records] == [(1, 1), (1, 0)]
    assert {world.fetch("InferenceRequest", job.address).flags for job in jobs} == {1 + 4 + 8}


def test_ways_in_which_nothing_comes_of_a_request(world: World) -> None:
    owner = world.provider()
    server = world.server(owner)
    client = world.keypair()
    before = world.balance(client.pubkey())

    cancelled = world.job(client)
    world.open(cancelled)
    only(world.by_client("cancel_request", cancelled), "RequestCancelled", request=cancelled.address)

    released = world.job(client)
    world.open(released)
    world.lock(released, owner)
    only(world.release(released, owner), "RequestReleased", request=released.address, server=server)
    request = world.fetch("InferenceRequest", released.address)
    assert (request.state, request.server) == (world.program.type["RequestState"].Open(), ZERO)
    world.by_client("cancel_request", released)

    expired = world.job(client)
    world.open(expired, lifetime=1)
    world.wait_for_time(world.fetch("InferenceRequest", expired.address).expires_at + 1)
    # Anyone may, so nobody signs but who pays the fee.
    accounts = {"request": expired.address, "requester": client.pubkey(), "server": server}
    events = world.send("expire_request", accounts=accounts, signers=[])
    only(events, "RequestExpired", request=expired.address)

    assert not any(world.exists(job.address) for job in (cancelled, released, expired))
    assert world.balance(client.pubkey()) == before


def test_accounts_are_found_by_their_discriminators(world: World) -> None:
    """anchorpy's `all` asks the cluster for every account of a type and decodes them."""
    owner = world.provider()
    found = world.run(world.program.account["Server"].all())
    assert world.server(owner) in {item.public_key for item in found}
    (market,) = world.run(world.program.account["Market"].all())
    assert market.public_key == world.market


def test_an_instruction_survives_anchorpys_coder(world: World) -> None:
    """What was encoded decodes to the same arguments, for each instruction that has any."""
    coder = world.program.coder.instruction
    mode = world.program.type["RequestMode"]
    samples = {"u8": 200, "u16": 60_000, "u64": 2**64 - 1, "string": "text", "pubkey": INSTRUCTIONS}
    for instruction in SPECIFICATION["instructions"]:
        name = instruction["name"]
        values = {}
        for argument, field in zip(instruction["args"], coder.ix_layout[name].subcon.subcons):
            match argument["type"]:
                case str() as kind:
                    values[field.name] = samples[kind]
                case {"array": ["u8", 32]}:
                    values[field.name] = list(range(32))
                case {"defined": {"name": "RequestMode"}}:
                    values[field.name] = mode.Direct()
                case kind:
                    raise AssertionError(kind)
        data = coder.encode(name, values)
        decoded = coder.parse(data)
        assert decoded.name == name
        assert {name: decoded.data[name] for name in values} == values
