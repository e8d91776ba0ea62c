"""A provider that is killed in mid-answer claims what it has vouchers for after its restart, and only once."""

import re
import signal

from harness import LOCALNET_PROGRAM


def test_killed_provider_claims_once(market):
    options = ("--price", 4_000_000, "--minimum-charge", 20_000, "--toy-speed", 40)
    provider, seller = market.provider("seller", *options)
    with provider:
        provider.wait_for("registered")
        before = market.chain.balance(seller.pubkey())
        client, buyer = market.client("buyer", "--budget", 1_000_000, "--maximum-tokens", 2_000, "Tell me a long story.")
        with client:
            request = client.wait_for(r"request (\w+)").group(1)
            # The first voucher covers the minimum; wait for later ones, which cover tokens.
            vouched = [int(provider.wait_for(r"(\d+) lamports vouched").group(1)) for _ in range(4)][-1]
            provider.stop(signal.SIGKILL)
            client.finish(within=120)

    assert market.chain.balance(seller.pubkey()) == before - 5_000, "killed before it could claim: the lock's fee is gone"

    provider, _ = market.provider("seller", *options)
    with provider:
        charge = int(provider.wait_for(r"claimed (\d+)", within=60).group(1))
        assert charge >= vouched
        # It claims once, however long it runs: the chain has one claim of this request, and the balance says so.
        market.chain.until(lambda: market.chain.balance(seller.pubkey()) > before, what="the claim")
        provider.stop()

    # The client may have begun to close: only claims pay the seller.
    client_total = 1_000_000_000 - market.chain.balance(buyer.pubkey())
    assert market.chain.balance(seller.pubkey()) == before - 5_000 - 10_000 + charge
    text = client.output
    assert re.search(r"\w{3,}", text), "the client got nothing of what it paid for"

    # Another restart finds nothing to claim.
    settled = market.chain.balance(seller.pubkey())
    provider, _ = market.provider("seller", *options)
    with provider:
        provider.wait_for("registered")
        provider.stop()
        assert "claimed" not in provider.output
    assert market.chain.balance(seller.pubkey()) <= settled

    sweep = market.client_again("buyer", "--sweep")
    assert sweep.finish() == 0, sweep.output
    assert request not in market.chain.program_accounts(LOCALNET_PROGRAM)
    assert client_total >= charge
