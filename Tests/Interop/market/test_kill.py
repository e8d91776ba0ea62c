"""A provider that is killed in mid-answer claims what it has vouchers for after its restart, and only once."""

import base64
import hashlib
import re
import signal

from harness import LOCALNET_PROGRAM
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

CLAIM = hashlib.sha256(b"global:claim_payment").digest()[:8]


def pays(transaction, key) -> bool:
    """Whether the transaction's fee came out of this wallet."""
    decoded = VersionedTransaction.from_bytes(base64.b64decode(transaction["transaction"][0]))
    return decoded.message.account_keys[0] == key.pubkey()


def sellers_transactions(market, seller) -> list[dict]:
    return [each for each in market.chain.transactions_of(seller.pubkey()) if pays(each, seller)]


def worth(market, seller) -> int:
    """What the seller has, with the rent in its server account, which grows and shrinks with the digits of its port."""
    account, _ = Pubkey.find_program_address([b"server", bytes(seller.pubkey())], LOCALNET_PROGRAM)
    return market.chain.balance(seller.pubkey()) + market.chain.balance(account)


def claims(market, seller) -> list[dict]:
    """The seller's claims that succeeded."""
    return [
        each
        for each in sellers_transactions(market, seller)
        if each["meta"]["err"] is None and CLAIM in base64.b64decode(each["transaction"][0])
    ]


def test_killed_provider_claims_once(market):
    options = ("--price", 100_000_000, "--minimum-charge", 6_400, "--toy-speed", 60, "--toy-talks-on")
    provider, seller = market.provider("seller", *options)
    with provider:
        provider.wait_for("registered")
        before = worth(market, seller)
        fees_before = sum(each["meta"]["fee"] for each in sellers_transactions(market, seller))
        client, buyer = market.client("buyer", "--budget", 1_000_000, "--max-tokens", 2_000, "Tell me a long story.")
        with client:
            request = client.wait_for(r"request (\w+)").group(1)
            # The first voucher covers the minimum; wait for later ones, which cover tokens.
            vouched = [int(provider.wait_for(r"(\d+) lamports vouched").group(1)) for _ in range(4)][-1]
            provider.stop(signal.SIGKILL)
            client.finish(within=120)

    assert worth(market, seller) == before, "killed before it could claim, and a direct request has no lock"

    provider, _ = market.provider("seller", *options)
    with provider:
        charge = int(provider.wait_for(r"claimed (\d+)", within=60).group(1))
        assert charge >= vouched
        market.chain.until(lambda: claims(market, seller), what="the claim")
        provider.stop()

    # Another restart finds nothing to claim.
    provider, _ = market.provider("seller", *options)
    with provider:
        provider.wait_for("registered")
        provider.stop()
        assert "claimed" not in provider.output
    assert len(claims(market, seller)) == 1
    paid = sum(each["meta"]["fee"] for each in sellers_transactions(market, seller)) - fees_before
    assert worth(market, seller) == before + charge - paid

    # The client got what it paid for: every 6,400 lamports are 64 tokens, and a token has at least a byte.
    answer = "".join(line for line in client.output.splitlines() if not re.match(r"\s+\d+\.\d|Error", line))
    assert len(answer) >= charge // 100 - 64, client.output

    # What is left comes home, and nothing of the session stays on the chain.
    sweep = market.client_again("buyer", "--sweep")
    assert sweep.finish() == 0, sweep.output
    assert request not in market.chain.program_accounts(LOCALNET_PROGRAM)
    spent = sum(each["meta"]["fee"] for each in market.chain.transactions_of(buyer.pubkey()) if pays(each, buyer))
    assert market.chain.balance(buyer.pubkey()) == 1_000_000_000 - charge - spent
