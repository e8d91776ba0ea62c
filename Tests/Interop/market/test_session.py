"""The whole market through the programs that a person runs, judged on the chain by hand-made JSON-RPC."""

import re

from harness import LOCALNET_PROGRAM


def run_a_session(market):
    provider, seller = market.provider("seller", "--price", 400_000, "--minimum-charge", 20_000)
    with provider:
        provider.wait_for("registered", within=60)
        server_accounts = set(market.chain.program_accounts(LOCALNET_PROGRAM))
        earned_before = market.chain.balance(seller.pubkey())
        client, buyer = market.client("buyer", "--max-tokens", 40, "What is a voucher?")
        with client:
            assert client.finish(within=90) == 0, client.output
        provider.stop()

    charge = int(re.search(r"charged (\d+)", client.output).group(1))
    fees = int(re.search(r"fees (\d+)", client.output.split("charged")[1]).group(1))
    assert charge == 20_000, "40 tokens at this price cost less than the minimum, which is due"
    assert market.chain.balance(buyer.pubkey()) == 1_000_000_000 - charge - fees
    # The server pays for its claim alone (two signatures, one of them the voucher's): a direct request needs no lock.
    assert market.chain.balance(seller.pubkey()) == earned_before + charge - 10_000
    # The request is gone; nothing of the session stays on the chain.
    assert set(market.chain.program_accounts(LOCALNET_PROGRAM)) == server_accounts
    return client


def test_one_answer(market):
    """Provider and client are the same binaries on both clusters; only the node behind the URL is another."""
    client = run_a_session(market)
    for phase in ("quoted", "published", "locked", "connected", "accepted", "finished", "settled"):
        assert re.search(rf"\b{phase}\b", client.output), f"the phase {phase} is not shown:\n{client.output}"


def test_errors_say_what_to_do(market):
    client, _ = market.client("nobody", "--model", "no/such-model", "Hello?")
    assert client.finish() != 0
    assert "No server offers" in client.output and "Nothing was spent" in client.output

    provider, _ = market.provider("seller")
    with provider:
        provider.wait_for("registered")
        client, _ = market.client("mean", "--budget", 10, "Hello?")
        assert client.finish() != 0
        assert "budget of 10 lamports" in client.output and "Raise it to" in client.output

        client, _ = market.client("poor", "--budget", 900_000_000_000, "Hello?")
        assert client.finish() != 0
        assert "Fund the wallet or lower the budget" in client.output
