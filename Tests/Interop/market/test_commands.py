"""`chainference` as a person and as a script use it: texts on a terminal, JSON in pipes, exit codes, Ctrl-C."""

import hashlib
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import time

import pytest
from solders.pubkey import Pubkey
from solders.signature import Signature

from harness import BINARIES, Program, wallet

COMMAND = str(BINARIES / "chainference")
TOY = "chainference/ngram-toy"


class Person:
    """Somebody with a wallet, in front of `chainference`."""

    def __init__(self, market, name: str, lamports: int = 1_000_000_000):
        self.market = market
        self.path, self.key = wallet(market.directory, name)
        if lamports:
            market.chain.fund(self.key.pubkey(), lamports)

    @property
    def options(self) -> list[str]:
        return ["--cluster", self.market.url, "--wallet", str(self.path), *self.market.program]

    def run(self, *arguments, input: str | None = None, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [COMMAND, *map(str, arguments), *self.options], input=input or "", capture_output=True, text=True, timeout=120
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self, *arguments) -> subprocess.Popen:
        return subprocess.Popen(
            [COMMAND, *map(str, arguments), *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def json(self, *arguments, **more):
        return json.loads(self.run(*arguments, "--json", **more).stdout)


@pytest.fixture
def served(market):
    provider, key = market.provider("seller", "--toy-talks-on")
    with provider:
        provider.wait_for("^registered as")
        yield market, key


def test_look_around_ask_and_account_for_every_lamport(served):
    market, seller = served
    person = Person(market, "buyer")

    models = person.json("models")["models"]
    assert [model["model"] for model in models] == [TOY]
    servers = person.json("servers", "--model", TOY)["servers"]
    assert [server["server"] for server in servers] == [str(seller.pubkey())]
    assert servers[0]["listings"][0]["output_price_lamports"] == models[0]["lowest_output_price_lamports"]
    assert str(seller.pubkey()) in person.run("servers").stdout

    before = market.chain.balance(person.key.pubkey())
    told = person.json("wallet")
    assert told["balance_lamports"] == before and told["address"] == str(person.key.pubkey())

    result = person.json("ask", "What is a voucher?", "--max-tokens", 12, "--budget", "0.0002sol")
    answer, (books,) = result["answers"][0], result["settlements"]
    assert answer["finish_reason"] == "length" and answer["usage"]["completion_tokens"] == 12 and answer["has_receipt"]
    assert books["state"] == "complete" and books["stake_lamports"] == 200_000
    assert market.chain.balance(person.key.pubkey()) == before - books["cost_lamports"] == before - result["cost_lamports"]
    assert person.json("sweep") == {
        "cancelled": [], "closed": [], "closing": [], "expired": [], "failed": [], "fees_lamports": 0,
        "returned_lamports": 0, "waiting": [],
    }


def test_the_answer_alone_goes_to_standard_output(served):
    market, _ = served
    # Two people at once: a channel goes on for some seconds after an answer, which need not be waited for twice.
    straight, openly = Person(market, "straight"), Person(market, "openly")
    asking = openly.start("ask", "--flow", "open", "--max-tokens", 3, "What does a lock do?")
    done = straight.run("ask", "--max-tokens", 10, input="What does\na lock do?\n")
    assert len(done.stdout.split()) >= 5 and "settled" not in done.stdout
    direct = ["quoted", "chosen", "connected", "published", "locked", "accepted", "finished", "settled", "closing"]
    assert [line.split()[2] for line in done.stderr.splitlines()] == direct
    _, phases = asking.communicate(timeout=120)
    assert asking.returncode == 0
    opened = ["quoted", "published", "locked", "connected", "accepted", "finished", "settled", "closing"]
    assert [line.split()[2] for line in phases.splitlines()] == opened


def test_a_conversation_is_one_stake(served):
    market, _ = served
    person = Person(market, "buyer")
    done = person.run("chat", "--json", "--max-tokens", 6, input="One?\nTwo?\nThree?\n")
    *answers, books = map(json.loads, done.stdout.splitlines())
    assert [answer["usage"]["completion_tokens"] for answer in answers] == [6, 6, 6]
    assert [settlement["state"] for settlement in books["settlements"]] == ["complete"]
    # Every prompt carries the conversation so far.
    inputs = [answer["usage"]["prompt_tokens"] for answer in answers]
    assert inputs == sorted(inputs) and len(set(inputs)) == 3


def test_without_a_question_nothing_is_staked(served):
    market, _ = served
    person = Person(market, "buyer")
    before = market.chain.balance(person.key.pubkey())
    assert person.run("chat", input="").stdout == ""
    assert person.run("ask", input=" \n", check=False).returncode == 64
    assert market.chain.balance(person.key.pubkey()) == before


def test_errors_have_a_status_and_are_json_where_json_was_asked_for(served):
    market, _ = served
    person = Person(market, "buyer")
    failed = person.run("ask", "Hm?", "--model", "no/such-model", check=False)
    assert failed.returncode == 1 and TOY in failed.stderr and failed.stdout == ""
    failed = person.run("ask", "Hm?", "--model", "no/such-model", "--json", check=False)
    assert failed.returncode == 1 and TOY in json.loads(failed.stderr)["error"]
    for wrong, told in {
        ("ask", "--budget", "lots"): "lots",
        ("ask", "--max-tokens", "0", "Hm?"): "above 0",
        ("ask", "--cluster", "nowhere", "Hm?"): "localnet, devnet",
        ("ask", "--program", "short", "Hm?"): "no address",
        ("wallet", "--proxy", "carrier-pigeon"): "no proxy",
        ("ask", "--hedge", "0", "Hm?"): "above 0",
        ("ask", "--model", "two words", "Hm?"): "--model",
        ("ask", " "): "no question",
        ("frobnicate",): "frobnicate",
    }.items():
        done = subprocess.run([COMMAND, *wrong], capture_output=True, text=True)
        assert done.returncode == 64 and told in done.stderr, done.stderr
    keyless = subprocess.run([COMMAND, "ask", "Hm?", "--wallet", "/nowhere.json"], capture_output=True, text=True)
    assert keyless.returncode == 1 and "chainference wallet new" in keyless.stderr
    limited = person.run("ask", "Hm?", "--daily-limit", 150_000, check=False)
    assert limited.returncode == 1 and "day's limit of 150000" in limited.stderr and "Nothing was spent" in limited.stderr
    poor = Person(market, "poor", lamports=0)
    failed = poor.run("ask", "Hm?", check=False)
    assert failed.returncode == 1 and "Nothing was spent" in failed.stderr


def test_interrupted_in_mid_answer_it_settles_before_it_ends(market):
    provider, _ = market.provider("seller", "--toy-speed", 20, "--toy-talks-on")
    person = Person(market, "buyer")
    with provider:
        provider.wait_for("^registered as")
        asking = Program(COMMAND, "ask", "Tell me everything.", "--max-tokens", "400", *person.options)
        with asking:
            asking.wait_for("accepted")
            provider.wait_for("lamports vouched")
            asking.process.send_signal(signal.SIGINT)
            asking.wait_for("Ending")
            assert asking.process.wait(timeout=60) == 1
        provider.wait_for("^claimed")
    # The interrupted command closed its request itself, or left at most the closing to the sweep; nothing is forgotten.
    swept = person.json("sweep")
    assert swept["waiting"] == [] and swept["expired"] == [] and len(swept["closed"]) <= 1
    assert market.held_by(person.key) == []


def test_what_a_killed_command_left_behind_the_next_one_brings_home(market):
    provider, _ = market.provider("seller", "--toy-speed", 20, "--toy-talks-on")
    person = Person(market, "buyer")
    with provider:
        provider.wait_for("^registered as")
        asking = Program(COMMAND, "ask", "Tell me everything.", "--max-tokens", "400", *person.options)
        with asking:
            asking.wait_for("accepted")
            provider.wait_for("lamports vouched")
            asking.process.kill()
            asking.process.wait()
        journal = market.directory / "state" / "chainference" / "client.sqlite"
        assert journal.stat().st_mode & 0o777 == 0o600
        # A command beside it is not disturbed by the mark of the killed one, and ends its lock. The server claims then.
        done = person.run("ask", "--max-tokens", 3, "And now?")
        assert " swept  " in done.stderr and "shortened" in done.stderr
        provider.wait_for("^claimed")
        market.chain.until(
            lambda: person.json("sweep")["closed"] or not market.held_by(person.key), what="the claim of what was delivered"
        )
        assert market.held_by(person.key) == []
        assert person.json("sweep")["waiting"] == []
        # Nothing of the killed process stays.
        assert list(journal.parent.glob("*.owner-*")) == []


def test_disposable_wallets_from_one_seed(served):
    market, seller = served
    person = Person(market, "buyer")
    hurried = ("--funding-delay", 0)
    made = person.run("ask", "--disposable", *hurried, "--max-tokens", 3, "Who am I?")
    seed = market.directory / "state" / "chainference" / "disposable-wallets.json"
    assert seed.stat().st_mode & 0o777 == 0o600 and str(seed) in made.stderr and "funding" in made.stderr
    # The request is not the person's; what is left is in the next wallet, and nothing in the first.
    spent = 1_000_000_000 - market.chain.balance(person.key.pubkey())
    assert spent % 1_000_000 == 5_000 and str((spent - 5_000) // 1_000_000).strip("0") in ("1", "2", "5")
    (left,) = person.json("wallet", "disposable", "list")["wallets"]
    assert left["number"] == 1 and 0 < left["balance_lamports"] < spent
    # The next one is paid out of that: the person's own wallet does not move.
    again = person.run("ask", "--disposable", *hurried, "--max-tokens", 3, "And now?")
    assert "funding" not in again.stderr and "disposable 1" in again.stderr
    assert market.chain.balance(person.key.pubkey()) == 1_000_000_000 - spent

    funded = person.json("wallet", "disposable", "fund", "1500000", *hurried)
    assert funded["number"] == 3 and funded["balance_lamports"] == 2_000_000
    fresh = person.json("wallet", "disposable", "new")
    assert fresh["number"] == 4 and fresh["balance_lamports"] == 0

    # The seed alone finds them all, on a machine that knows nothing else.
    elsewhere = {**os.environ, "XDG_STATE_HOME": str(market.directory / "elsewhere")}
    found = subprocess.run(
        [COMMAND, "wallet", "disposable", "recover", "--seed", seed, "--json", "--cluster", market.url],
        check=True, capture_output=True, text=True, env=elsewhere,
    )
    numbers = {wallet["number"]: wallet["balance_lamports"] for wallet in json.loads(found.stdout)["wallets"]}
    assert set(numbers) == {2, 3} and numbers[3] == 2_000_000

    before = market.chain.balance(person.key.pubkey())
    swept = person.json("wallet", "disposable", "sweep", "--to", str(person.key.pubkey()))["wallets"]
    sent = sum(wallet["sent_lamports"] for wallet in swept)
    assert sent == sum(numbers.values()) - 2 * 5_000
    assert market.chain.balance(person.key.pubkey()) == before + sent
    # What never held anything here may hold something on another cluster: it stays.
    assert [wallet["number"] for wallet in person.json("wallet", "disposable", "list")["wallets"]] == [4]


def test_a_terminal_shows_one_changing_line_and_then_the_books(served):
    market, _ = served
    person = Person(market, "buyer")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "ask", "On a terminal?", "--max-tokens", "8", *person.options],
        stdin=follower, stdout=follower, stderr=follower, env={**os.environ, "TERM": "xterm"},
    )
    os.close(follower)
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([leader], [], [], 1)
        if ready:
            try:
                part = os.read(leader, 4096)
            except OSError:
                break
            if not part:
                break
            seen += part
    assert process.wait(timeout=10) == 0
    text = seen.decode()
    assert "\r\x1b[2K" in text and "locked…" in text
    # What stays when every erased line is gone: the answer and the books.
    kept = [re.sub(r"\x1b\[[0-9;]*m", "", line.rsplit("\r\x1b[2K", 1)[-1]).strip() for line in text.split("\n")]
    kept = [line for line in kept if line]
    assert len(kept) >= 2 and kept[-1].startswith("charged 20000 lamports"), kept


def test_wallets_are_private_files_and_never_overwritten(market, tmp_path):
    path = tmp_path / "new.json"
    made = json.loads(subprocess.run([COMMAND, "wallet", "new", path, "--json"], check=True, capture_output=True).stdout)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Pubkey.from_string(made["address"])
    key = path.read_text()
    again = subprocess.run([COMMAND, "wallet", "new", path], capture_output=True, text=True)
    assert again.returncode == 1 and path.read_text() == key
    subprocess.run(
        [COMMAND, "wallet", "airdrop", "1.5sol", "--cluster", market.url, "--wallet", path], check=True, capture_output=True
    )
    assert market.chain.balance(Pubkey.from_string(made["address"])) == 1_500_000_000


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    script = subprocess.run([COMMAND, "--generate-completion-script", shell], check=True, capture_output=True, text=True)
    assert "sweep" in script.stdout
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script.stdout, text=True, check=True)


def test_every_command_explains_itself():
    overview = subprocess.run([COMMAND, "--help"], check=True, capture_output=True, text=True).stdout
    commands = re.findall(r"^  ([a-z]+) {2,}\S", overview, re.MULTILINE)
    assert {"ask", "chat", "models", "servers", "wallet", "sweep"} <= set(commands)
    for command in commands:
        told = subprocess.run([COMMAND, command, "--help"], check=True, capture_output=True, text=True).stdout
        assert "OVERVIEW" in told and ("--json" in told or "SUBCOMMANDS" in told), command


def test_the_doctor_says_what_to_do(market):
    person = Person(market, "patient")
    well = person.json("doctor")
    assert well["is_well"] and {"node", "wallet", "market", "clock"} <= {finding["subject"] for finding in well["findings"]}
    assert "Ready." in person.run("doctor").stdout

    nowhere = subprocess.run(
        [COMMAND, "doctor", "--cluster", "http://127.0.0.1:9", "--wallet", market.directory / "none.json"],
        capture_output=True, text=True,
    )
    assert nowhere.returncode == 2
    assert "chainference localnet" in nowhere.stdout and "chainference wallet new" in nowhere.stdout


def test_a_provider_from_its_file(market):
    person = Person(market, "buyer")
    keys, seller = wallet(market.directory, "seller")
    market.chain.fund(seller.pubkey(), 1_000_000_000)
    file = market.directory / "provider.yaml"
    file.write_text(
        f"""
cluster: {market.url}
wallet: seller.json
state: state
listen: 127.0.0.1:0
backends:
  shout:
    command: [tr, a-z, A-Z]
    models: [shout]
    input: last-message
models:
  - model: example/shout
    backend: shout
    backend-model: shout
    price: 400_000
"""
    )

    def command(*arguments) -> subprocess.CompletedProcess:
        return subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60)

    checked = json.loads(command("provider", "check", file, "--json").stdout)
    assert [offer["model"] for offer in checked["offers"]] == ["example/shout"]
    examined = command("doctor", "--config", file)
    assert examined.returncode == 0 and "Ready." in examined.stdout, examined.stdout + examined.stderr
    with Program(COMMAND, "provider", "run", file) as provider:
        provider.wait_for("^registered as")
        running = command("doctor", "--config", file)
        assert running.returncode == 0 and "it runs" in running.stdout, running.stdout
        assert "lists what the configuration offers" in running.stdout
        done = person.run("ask", "is anybody there?", "--model", "example/shout")
        assert done.stdout.strip() == "IS ANYBODY THERE?"
        provider.wait_for("^claimed")
        provider.process.send_signal(signal.SIGTERM)
        assert provider.process.wait(timeout=60) == 0
    # The chain shows it for some time to come, which the doctor knows.
    examined = command("doctor", "--config", file)
    assert examined.returncode == 0 and "does not run" in examined.stdout, examined.stdout
    with Program(COMMAND, "provider", "run", file, "--json") as provider:
        told = json.loads(provider.wait_for('"event":"registered"').string)
        assert Pubkey.from_string(told["server"])
    earned = json.loads(command("provider", "earnings", file, "--json").stdout)
    assert "20000" in json.dumps(earned)

    file.write_text(file.read_text().replace("price: 400_000", "prize: 400_000"))
    refused = command("provider", "check", file)
    assert refused.returncode == 1 and f"{file}:" in refused.stderr and "prize" in refused.stderr


def test_privacy_in_plain_words():
    def report(*flags) -> dict[str, list[str]]:
        done = subprocess.run([COMMAND, "privacy", *flags, "--json"], check=True, capture_output=True, text=True)
        return {finding["party"]: finding["learns"] for finding in json.loads(done.stdout)["findings"]}

    plain, hidden = report(), report("--disposable", "--proxied", "--relayed")
    assert "proxy" not in plain and "proxy" in hidden and "relay" in hidden
    assert plain["server"] != hidden["server"]
    words = subprocess.run([COMMAND, "privacy"], check=True, capture_output=True, text=True).stdout
    assert "does not learn" in words and "prompt" in words and len(words.splitlines()) > 4


def test_receipts_are_checked_offline_and_by_others(served):
    market, seller = served
    person = Person(market, "buyer")
    path = market.directory / "receipt"
    person.run("ask", "Sign this.", "--max-tokens", 5, "--receipt", path)
    assert path.stat().st_mode & 0o777 == 0o600
    checked = subprocess.run([COMMAND, "receipts", "verify", path, "--json"], check=True, capture_output=True, text=True)
    report = json.loads(checked.stdout)
    assert report["is_genuine"] and report["prompt_checked"] and report["answer_checked"]
    assert report["server"] == str(seller.pubkey()) and report["output_tokens"] == 5

    # Somebody else's Ed25519 over the bytes that the protocol's specification names.
    lines = dict(line.split(" ", 1) for line in path.read_text().splitlines()[1:])
    number, prompt = lines["prompt"].split()
    length, answer = lines["answer"].split()
    message = (
        b"chainference/receipt/1\0" + bytes.fromhex(lines["session"]) + bytes(Pubkey.from_string(lines["request"]))
        + struct.pack("<I", int(number)) + bytes.fromhex(prompt) + bytes.fromhex(answer) + struct.pack("<Q", int(length))
        + struct.pack("<II", int(lines["input-tokens"]), int(lines["output-tokens"])) + bytes([int(lines["finish"])])
    )
    assert Signature.from_bytes(bytes.fromhex(lines["signature"])).verify(seller.pubkey(), message)
    assert hashlib.sha256((market.directory / "receipt.answer").read_bytes()).hexdigest() == answer

    changed = market.directory / "receipt.answer"
    changed.write_bytes(changed.read_bytes() + b"!")
    refused = subprocess.run([COMMAND, "receipts", "verify", path], capture_output=True, text=True)
    assert refused.returncode == 1 and "another answer" in refused.stderr
    path.write_text(path.read_text().replace("output-tokens 5", "output-tokens 6"))
    refused = subprocess.run([COMMAND, "receipts", "verify", path], capture_output=True, text=True)
    assert refused.returncode == 1 and "made up or changed" in refused.stderr
