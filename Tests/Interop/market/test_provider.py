"""A provider as an operator runs it: from a configuration file, watched by Prometheus, reloaded and drained by signals."""

import json
import re
import signal
import sqlite3
import urllib.error
import urllib.request

from harness import BINARIES, Program, wallet
from prometheus_client.parser import text_string_to_metric_families

PROMPT = "My secret is the word xylophone-quartz-marmalade, keep it."


class Configured:
    """A provider with a configuration file."""

    def __init__(self, market, name: str):
        self.market = market
        self.wallet_path, self.key = wallet(market.directory, name)
        market.chain.fund(self.key.pubkey(), 2_000_000_000)
        self.path = market.directory / f"{name}.yaml"
        self.state = market.directory / f"{name}-state"

    def write(self, price: int = 400_000, monitoring: int = 0, extra: str = "", speed: int = 60):
        self.path.write_text(
            f"cluster: {self.market.url}\nwallet: {self.wallet_path}\nstate: {self.state}\nmonitoring: {monitoring}\n"
            f"log-level: trace\nbackends:\n  toy:\n    toy: {{tokens-per-second: {speed}, talks-on: true}}\n"
            f"models:\n  - model: chainference/ngram-toy\n    price: {price}\n{extra}"
        )

    def run(self, *options) -> Program:
        return Program(BINARIES / "chainference-provider", "--configuration", self.path, *options)


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_prometheus_reads_the_metrics_and_the_log_keeps_secrets(market):
    seller = Configured(market, "seller")
    seller.write()
    with seller.run() as provider:
        port = int(provider.wait_for(r"monitoring at port (\d+)").group(1))
        provider.wait_for("registered")
        client, _ = market.client("buyer", "--max-tokens", 40, PROMPT)
        with client:
            assert client.finish(within=90) == 0, client.output
        provider.wait_for(r"^claimed (\d+)")
        status, health = get(f"http://127.0.0.1:{port}/health")
        assert (status, json.loads(health)["phase"]) == (200, "serving")
        _, text = get(f"http://127.0.0.1:{port}/metrics")
        provider.stop()

    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert len(families) >= 20
    for name, family in families.items():
        assert name.startswith("chainference_provider_") and family.type in ("gauge", "counter"), name
        assert family.documentation

    def value(name: str, **labels) -> float:
        family = families["chainference_provider_" + name.removesuffix("_total")]
        found = [sample.value for sample in family.samples if sample.labels == labels]
        assert len(found) == 1, (name, family.samples)
        return found[0]

    model = "chainference/ngram-toy"
    assert value("up") == 1 and value("locks_total") == 1 and value("backend_up", backend="toy") == 1
    assert value("output_tokens_total", model=model) == 40
    assert value("charged_lamports_total", model=model) == 20_000
    # Registering (one signature) and the claim (two); the client comes directly, so that no lock was sent.
    assert value("transaction_fees_lamports_total") == 15_000

    # The whole log, at trace level, with the events beside it.
    lines = [line for line in client.output.splitlines() if line and not line.startswith(" ") and "lamports" not in line]
    answer = " ".join(lines)
    words = {word.strip(".,;:!?") for word in answer.split()} - {""}
    phrases = re.findall(r"\w+ \w+ \w+ \w+", answer)
    assert words and phrases
    for secret in ["xylophone", "marmalade", *phrases, seller.wallet_path.read_text(), bytes(seller.key)[:32].hex()]:
        assert secret not in provider.output, f"the log shows {secret!r}"
    assert "event=claimed" in provider.output, "the probe works: what is no secret is there"


def test_reload_drain_and_report(market):
    seller = Configured(market, "seller")
    seller.write()
    with seller.run() as provider:
        provider.wait_for("registered")
        # Dearer: in force at once, with one transaction.
        seller.write(price=800_000)
        provider.process.send_signal(signal.SIGHUP)
        assert provider.wait_for(r"^reloaded; the listings changed in (\d+) trans").group(1) == "1"
        # A bad file leaves the running one as it is, and says where the fault is.
        seller.write(price="cheap")
        provider.process.send_signal(signal.SIGHUP)
        assert provider.wait_for(r"^not reloaded: .*").group(0).endswith("not “cheap”.")
        assert re.search(r"seller\.yaml:11:12: “price”", provider.output)
        # What only a restart can change is refused, too.
        seller.write(price=900_000, extra="listen: 127.0.0.1:1\n")
        provider.process.send_signal(signal.SIGHUP)
        provider.wait_for(r"^not reloaded: .*restart|^not reloaded: .*can't change the address to listen on")

        seller.write(price=800_000, speed=20)
        provider.process.send_signal(signal.SIGHUP)
        provider.wait_for(r"^reloaded; the listings changed in 0 trans")
        client, _ = market.client("buyer", "--max-tokens", 60, "--budget", 1_000_000, PROMPT)
        with client:
            client.wait_for("accepted")
            # SIGTERM: the answer that runs is finished and claimed.
            provider.process.send_signal(signal.SIGTERM)
            provider.wait_for("^draining")
            assert client.finish(within=90) == 0, client.output
            charge = int(re.search(r"charged (\d+)", client.output).group(1))
            assert provider.finish() == 0, provider.output
        assert f"claimed {charge}" in provider.output

    report = Program(BINARIES / "chainference-provider", "--configuration", seller.path, "--earnings")
    assert report.finish() == 0
    total = re.search(r"^total\s+(.*)$", report.output, re.M).group(1).split()
    sessions, charged, market_fees, fees, net, failed = map(int, total)
    assert (sessions, charged, failed) == (1, charge, 0) and net == charged - market_fees - fees
    # Our own SQL over the same books.
    (store,) = seller.state.glob("*.sqlite")
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as books:
        assert books.execute("SELECT sum(charge) FROM claim").fetchone() == (charged,)
        assert books.execute("SELECT sum(fee) FROM sent WHERE outcome = 'landed'").fetchone() == (fees,)
    assert store.stat().st_mode & 0o077 == 0


def test_a_second_signal_ends_at_once(market):
    seller = Configured(market, "seller")
    seller.write(speed=5)
    with seller.run() as provider:
        provider.wait_for("registered")
        client, _ = market.client("buyer", "--max-tokens", 400, "--budget", 1_000_000, PROMPT)
        with client:
            client.wait_for("accepted")
            provider.process.send_signal(signal.SIGTERM)
            provider.wait_for("^draining")
            provider.process.send_signal(signal.SIGTERM)
            # The answer would take more than a minute.
            assert provider.finish(within=20) != 0
            assert "claimed" not in provider.output


def test_check(market):
    seller = Configured(market, "seller")
    seller.write()
    check = seller.run("--check")
    assert check.finish() == 0 and "is fine" in check.output
    seller.write(extra="concurency: 3\n")
    check = seller.run("--check")
    assert check.finish() != 0
    assert re.search(r"seller\.yaml:12:1: There is no setting “concurency” here\. Did you mean “concurrency”\?", check.output)
