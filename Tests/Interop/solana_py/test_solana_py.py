"""PyPI `solana` reads, sends, confirms and subscribes on a local cluster, as it does on any other."""

import asyncio
import signal

import pytest
from conftest import start
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment
from solana.rpc.core import RPCException
from solana.rpc.models import DataSliceOpts, MemcmpOpts, TxOpts
from solana.rpc.websocket_api import SolanaWsClient
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.rpc.config import RpcTransactionLogsFilterMentions
from solders.signature import Signature
from solders.system_program import ID as SYSTEM
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.transaction import VersionedTransaction

PROCESSED, CONFIRMED, FINALIZED = map(Commitment, ("processed", "confirmed", "finalized"))
SOL = 1_000_000_000
PATIENCE = 30
RECENT = Pubkey.from_string("SysvarRecentB1ockHashes11111111111111111111")


def session(body):
    """Runs a coroutine over a localnet with a client, a socket and a funded wallet, for at most half a minute."""

    def test(localnet):
        async def run():
            async with (
                AsyncClient(localnet.rpc, commitment=CONFIRMED) as client,
                SolanaWsClient(localnet.pubsub) as socket,
            ):
                wallet = Keypair()
                airdrop = await client.request_airdrop(wallet.pubkey(), 5 * SOL)
                await client.confirm_transaction(airdrop.value, sleep_seconds=0.02)
                await body(localnet, client, socket, wallet)

        asyncio.run(asyncio.wait_for(run(), PATIENCE))

    test.__name__ = body.__name__
    test.__doc__ = body.__doc__
    return test


async def build(client, instructions, *signers):
    latest = (await client.get_latest_blockhash()).value
    message = MessageV0.try_compile(signers[0].pubkey(), instructions, [], latest.blockhash)
    return VersionedTransaction(message, list(signers)), latest


def pay(sender, receiver, lamports):
    return transfer(TransferParams(from_pubkey=sender.pubkey(), to_pubkey=receiver, lamports=lamports))


@session
async def test_a_transfer_is_sent_confirmed_and_read_back(localnet, client, socket, wallet):
    receiver = Keypair().pubkey()
    transaction, latest = await build(client, [pay(wallet, receiver, SOL)], wallet)
    simulated = (await client.simulate_transaction(transaction, sig_verify=True)).value
    assert simulated.err is None and simulated.units_consumed == 150
    signature = (await client.send_transaction(transaction, TxOpts(preflight_commitment=CONFIRMED))).value
    assert signature == transaction.signatures[0]
    confirmed = await client.confirm_transaction(
        signature, sleep_seconds=0.02, last_valid_block_height=latest.last_valid_block_height
    )
    assert confirmed.value[0].err is None
    assert (await client.get_balance(receiver)).value == SOL
    assert (await client.get_balance(wallet.pubkey())).value == 4 * SOL - 5_000

    found = (await client.get_transaction(signature, max_supported_transaction_version=0)).value
    assert found.transaction.meta.fee == 5_000
    assert found.transaction.meta.post_balances[:2] == [4 * SOL - 5_000, SOL]
    parsed = (await client.get_transaction(signature, "jsonParsed", max_supported_transaction_version=0)).value
    assert parsed.transaction.transaction.message.instructions[0].parsed["type"] == "transfer"
    await client.confirm_transaction(signature, FINALIZED, sleep_seconds=0.02)
    block = (await client.get_block(found.slot, max_supported_transaction_version=0)).value
    assert signature in [entry.transaction.signatures[0] for entry in block.transactions]
    assert (await client.get_block_time(found.slot)).value == block.block_time
    history = (await client.get_signatures_for_address(receiver)).value
    assert [entry.signature for entry in history] == [signature]
    statuses = (await client.get_signature_statuses([signature, Signature.default()])).value
    assert statuses[0].err is None and statuses[1] is None


@session
async def test_a_failure_is_decoded(localnet, client, socket, wallet):
    transaction, _ = await build(client, [pay(wallet, Keypair().pubkey(), 1000 * SOL)], wallet)
    with pytest.raises(RPCException) as refused:
        await client.send_transaction(transaction, TxOpts(preflight_commitment=CONFIRMED))
    failure = refused.value.args[0]
    assert failure.message.endswith("custom program error: 0x1")
    assert failure.data.err.err.code == 1 and failure.data.err.index == 0
    assert failure.data.logs[-1].endswith("failed: custom program error: 0x1")

    landed = (await client.send_transaction(transaction, TxOpts(skip_preflight=True))).value
    status = (await client.confirm_transaction(landed, sleep_seconds=0.02)).value[0]
    assert status.err.err.code == 1
    assert (await client.get_balance(wallet.pubkey())).value == 5 * SOL - 5_000
    with pytest.raises(RPCException) as again:
        await client.send_transaction(transaction, TxOpts(preflight_commitment=CONFIRMED))
    assert "already been processed" in again.value.args[0].message

    dust, _ = await build(client, [pay(wallet, Keypair().pubkey(), 1)], wallet)
    with pytest.raises(RPCException) as rent:
        await client.send_transaction(dust, TxOpts(preflight_commitment=CONFIRMED))
    assert rent.value.args[0].data.err.account_index == 1

    forged = VersionedTransaction.populate(dust.message, [Signature.default()])
    with pytest.raises(RPCException):
        await client.send_transaction(forged, TxOpts(preflight_commitment=CONFIRMED))


@session
async def test_program_accounts_are_found_through_filters(localnet, client, socket, wallet):
    owner, accounts = Keypair().pubkey(), [Keypair() for _ in range(3)]
    sizes = [5, 9, 9]
    for account, size in zip(accounts, sizes):
        instruction = create_account(
            CreateAccountParams(
                from_pubkey=wallet.pubkey(), to_pubkey=account.pubkey(), lamports=SOL // 10, space=size, owner=owner
            )
        )
        transaction, _ = await build(client, [instruction], wallet, account)
        sent = await client.send_transaction(transaction, TxOpts(preflight_commitment=CONFIRMED))
        await client.confirm_transaction(sent.value, sleep_seconds=0.02)

    async def found(*filters):
        answer = await client.get_program_accounts(owner, encoding="base64", filters=list(filters))
        return {keyed.pubkey for keyed in answer.value}

    everyone = {account.pubkey() for account in accounts}
    assert await found() == everyone
    assert await found(9) == {account.pubkey() for account in accounts[1:]}
    assert await found(9, MemcmpOpts(offset=0, bytes="11")) == {account.pubkey() for account in accounts[1:]}
    assert await found(MemcmpOpts(offset=0, bytes="2")) == set()
    sliced = await client.get_account_info(
        accounts[1].pubkey(), encoding="base64", data_slice=DataSliceOpts(offset=2, length=3)
    )
    assert sliced.value.data == bytes(3) and sliced.value.owner == owner
    several = await client.get_multiple_accounts([accounts[0].pubkey(), Keypair().pubkey()])
    assert several.value[0].lamports == SOL // 10 and several.value[1] is None
    # The market program is there, with its market.
    market = Pubkey.from_string(localnet.program)
    program = (await client.get_account_info(market, encoding="base64")).value
    assert program.executable and str(program.owner).startswith("BPFLoaderUpgradeab1e")
    assert len((await client.get_program_accounts(market, encoding="base64")).value) >= 1


@session
async def test_subscriptions_tell_what_happens(localnet, client, socket, wallet):
    receiver = Keypair().pubkey()
    transaction, _ = await build(client, [pay(wallet, receiver, SOL)], wallet)
    signature = transaction.signatures[0]
    account = await socket.account_subscribe(pubkey=receiver, commitment=CONFIRMED, encoding="base64")
    logs = await socket.logs_subscribe(
        filter_=RpcTransactionLogsFilterMentions(wallet.pubkey()), commitment=CONFIRMED
    )
    program = await socket.program_subscribe(program_id=SYSTEM, commitment=CONFIRMED, encoding="base64")
    confirmed = await socket.signature_subscribe(signature=signature, commitment=CONFIRMED)
    slot = await socket.slot_subscribe()
    root = await socket.root_subscribe()
    await client.send_transaction(transaction, TxOpts(preflight_commitment=CONFIRMED))

    seen = {}
    wanted = {handle.subscription_id for handle in (account, logs, program, confirmed, slot, root)}
    while wanted - seen.keys():
        notification = await socket.recv()
        seen.setdefault(notification.subscription, []).append(notification.result)
    assert seen[account.subscription_id][0].value.lamports == SOL
    assert seen[logs.subscription_id][0].value.signature == signature
    assert seen[confirmed.subscription_id][0].value.err is None
    assert {result.value.pubkey for result in seen[program.subscription_id]} >= {receiver}
    slots = [result.slot for result in seen[slot.subscription_id]]
    assert slots == list(range(slots[0], slots[0] + len(slots)))
    assert seen[root.subscription_id][0] <= slots[-1]
    for handle in (account, logs, program, slot, root):
        await socket.unsubscribe(handle)


@session
async def test_a_signature_that_landed_before_is_told_too(localnet, client, socket, wallet):
    transaction, _ = await build(client, [pay(wallet, Keypair().pubkey(), SOL)], wallet)
    sent = await client.send_transaction(transaction, TxOpts(preflight_commitment=CONFIRMED))
    await client.confirm_transaction(sent.value, FINALIZED, sleep_seconds=0.02)
    await socket.signature_subscribe(signature=sent.value, commitment=FINALIZED)
    assert (await socket.recv()).result.value.err is None


@session
async def test_the_rest_of_the_methods_answer_in_shape(localnet, client, socket, wallet):
    assert await client.is_connected()
    slot = (await client.get_slot(PROCESSED)).value
    assert (await client.get_block_height(FINALIZED)).value <= slot
    assert (await client.get_epoch_info()).value.slots_in_epoch == 432_000
    assert (await client.get_epoch_schedule()).value.slots_per_epoch == 432_000
    assert (await client.get_version()).value.solana_core
    assert len(str((await client.get_genesis_hash()).value)) >= 32
    assert (await client.get_identity()).value.identity
    assert (await client.get_minimum_balance_for_rent_exemption(0)).value == 890_880
    assert (await client.get_supply()).value.total > 0
    assert (await client.get_transaction_count()).value >= 1
    # The first slot is the one after genesis; blocks that were forgotten since count no more.
    assert 1 <= (await client.get_first_available_block()).value <= slot
    assert 1 <= (await client.get_minimum_ledger_slot()).value <= slot
    samples = (await client.get_recent_performance_samples(4)).value
    assert all(sample.num_slots > 0 for sample in samples)
    compressed = (await client.get_account_info(RECENT, encoding="base64+zstd")).value
    plain = (await client.get_account_info(RECENT, encoding="base64")).value
    assert len(compressed.data) == len(plain.data) > 40
    latest = (await client.get_latest_blockhash()).value
    assert (await client.get_block_height(CONFIRMED)).value <= latest.last_valid_block_height
    message = (await build(client, [pay(wallet, wallet.pubkey(), 1)], wallet))[0].message
    assert (await client.get_fee_for_message(message)).value == 5_000
    assert len((await client.get_recent_prioritization_fees([wallet.pubkey()])).value) >= 1
    clock = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
    parsed = (await client.get_account_info_json_parsed(clock)).value.data.parsed
    assert parsed["info"]["slot"] >= 0


@session
async def test_an_unknown_program_costs_the_fee(localnet, client, socket, wallet):
    call = Instruction(Keypair().pubkey(), b"", [])
    transaction, _ = await build(client, [call], wallet)
    sent = await client.send_transaction(transaction, TxOpts(skip_preflight=True))
    status = (await client.confirm_transaction(sent.value, sleep_seconds=0.02)).value[0]
    assert "ProgramAccountNotFound" in str(status.err)
    assert (await client.get_balance(wallet.pubkey())).value == 5 * SOL - 5_000


def test_an_interrupt_ends_it_in_good_order():
    running = start()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=20) == 0
