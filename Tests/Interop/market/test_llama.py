"""A real llama.cpp server answers through the market. Runs by `./Scripts/test --full`, because that server builds for minutes."""

import os
import re

import pytest

URL = os.environ.get("CHAINFERENCE_LLAMA_URL")


@pytest.mark.skipif(URL is None, reason="needs a llama.cpp server; Tests/Llama/run starts one")
def test_llama_answers_through_the_market(market):
    provider, seller = market.provider("seller", "--backend", URL, "--model", "tiny-random")
    with provider:
        provider.wait_for("registered")
        before = market.chain.balance(seller.pubkey())
        client, _ = market.client("buyer", "--model", "tiny-random", "--max-tokens", 24, "Hello, llama.")
        with client:
            assert client.finish(within=120) == 0, client.output
        charge = int(re.search(r"charged (\d+)", client.output).group(1))
        assert market.chain.balance(seller.pubkey()) == before + charge - 10_000
        provider.stop()
    tokens = int(re.search(r"finished\s+(\d+) tokens", client.output).group(1))
    assert 1 <= tokens <= 24
