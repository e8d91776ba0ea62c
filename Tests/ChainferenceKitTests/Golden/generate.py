"""Writes the golden data of ChainferenceKitTests with software that is not this project's.

    $(Scripts/venv ChainferenceKitTests/Golden) Tests/ChainferenceKitTests/Golden/generate.py

Bradley-Terry strengths come from a general optimiser (scipy's BFGS over the log-posterior), Wilson bounds from
statsmodels, derived keys from bip_utils and solders, which have to agree. The seed is fixed.
"""

import json
import pathlib
import random

import numpy
from bip_utils import Bip32Slip10Ed25519
from scipy.optimize import minimize
from scipy.special import expit
from solders.keypair import Keypair
from statsmodels.stats.proportion import proportion_confint

FOLDER = pathlib.Path(__file__).parent
rng = random.Random(20_261_123)


def write(name, value):
    (FOLDER / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")) + "\n")


def bradley_terry(count, comparisons):
    """Log-strengths at the maximum of the posterior, and one over the root of each one's own information."""
    wins = numpy.zeros((count, count))
    for preferred, other in comparisons:
        wins[preferred, other] += 1

    def posterior(theta):
        difference = theta[:, None] - theta[None, :]
        likelihood = (wins * numpy.log(expit(difference))).sum()
        prior = (numpy.log(expit(theta)) + numpy.log(expit(-theta))).sum()
        return -(likelihood + prior)

    def gradient(theta):
        difference = theta[:, None] - theta[None, :]
        games = wins * expit(-difference)
        return -(games.sum(1) - games.sum(0) + expit(-theta) - expit(theta))

    theta = minimize(posterior, numpy.zeros(count), jac=gradient, method="BFGS", options={"gtol": 1e-12}).x
    games = wins + wins.T
    chance = expit(theta[:, None] - theta[None, :])
    information = (games * chance * (1 - chance)).sum(1) + 2 * expit(theta) * expit(-theta)
    return theta, 1 / numpy.sqrt(information)


def strengths():
    cases = [(2, [(0, 1)]), (3, [(0, 1), (1, 2), (2, 0)]), (2, [(0, 1)] * 40), (4, [(0, 1)] * 9 + [(2, 3)] * 3 + [(3, 2)])]
    for count in (3, 5, 8, 12, 20):
        truth = [rng.gauss(0, 1) for _ in range(count)]
        comparisons = []
        for _ in range(rng.randrange(5, 400)):
            first, second = rng.sample(range(count), 2)
            won = rng.random() < float(expit(truth[first] - truth[second]))
            comparisons.append((first, second) if won else (second, first))
        cases.append((count, comparisons))
    result = []
    for count, comparisons in cases:
        theta, error = bradley_terry(count, comparisons)
        seen = sorted({server for pair in comparisons for server in pair})
        result.append({
            "comparisons": comparisons,
            "estimates": [[server, float(theta[server]), float(error[server])] for server in seen],
        })
    write("strengths", result)


def ranking():
    cases = []
    for _ in range(60):
        servers = []
        for _ in range(rng.randrange(1, 9)):
            completed = rng.choice([0, 0, 1, 7, 50, 400])
            failed = rng.choice([0, 0, 1, 5, 40])
            flagged = rng.randrange(0, completed + 1) if rng.random() < 0.3 else 0
            compared = rng.choice([0, 0, 3, 30, 300])
            servers.append({
                "cost": rng.choice([1_000, 20_000, 21_000, 50_000]),
                "completed": completed, "failed": failed, "flagged": flagged,
                "compared": compared, "preferred": rng.randrange(0, compared + 1),
                "latency": rng.choice([None, 0.01, 0.08, 0.3, 1.5]),
                "failures": rng.choice([0, 0, 0, 1, 3]),
                "payers": rng.choice([None, None, 0, 1, 4, 1000]),
            })
        known = [server["latency"] for server in servers if server["latency"] is not None]
        usual = sum(known) / len(known) if known else 0.1
        cheapest = min(server["cost"] for server in servers)
        for server in servers:
            trials = server["completed"] + server["failed"]
            if trials == 0:
                success = 0.05
            else:
                most = trials if server["payers"] is None else 20 * max(1, server["payers"])
                counted = min(trials, most)
                good = (server["completed"] - server["flagged"]) * counted // trials
                success = max(0.01, float(proportion_confint(good, counted, alpha=0.05, method="wilson")[0]))
            won, lost = server["preferred"], server["compared"] - server["preferred"]
            theta, _ = bradley_terry_against_average(won, lost)
            latency = server["latency"] if server["latency"] is not None else usual
            server["score"] = (
                cheapest / server["cost"] * success * float(2 * expit(theta)) ** 0.5
                * (0.5 / (0.5 + latency)) ** 0.25 * 0.5 ** server["failures"]
            )
        cases.append(servers)
    write("ranking", cases)


def bradley_terry_against_average(won, lost):
    """One server whose every opponent is average: the posterior has one variable."""
    found = minimize(
        lambda theta: -((won + 1) * numpy.log(expit(theta[0])) + (lost + 1) * numpy.log(expit(-theta[0]))),
        [0.0], jac=lambda theta: numpy.array([-((won + 1) * expit(-theta[0]) - (lost + 1) * expit(theta[0]))]),
        method="BFGS", options={"gtol": 1e-12},
    )
    return float(found.x[0]), None


def wallets():
    cases = []
    # The first three seeds are those of the test vectors of SLIP-0010 and of BIP 32.
    seeds = ["000102030405060708090a0b0c0d0e0f",
             "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
             "00" * 32]
    seeds += [rng.randbytes(length).hex() for length in (16, 32, 32, 48, 64)]
    for seed in seeds:
        for index in (0, 1, 2, 41, 2**31 - 1):
            path = f"m/44'/501'/{index}'/0'"
            theirs = Bip32Slip10Ed25519.FromSeedAndPath(bytes.fromhex(seed), path)
            secret = theirs.PrivateKey().Raw().ToBytes()
            address = Keypair.from_seed(secret).pubkey()
            if len(seed) == 128:
                # solders takes no other seeds than those that BIP 39 makes.
                assert Keypair.from_seed_and_derivation_path(bytes.fromhex(seed), path).pubkey() == address
            cases.append({"seed": seed, "index": index, "address": str(address), "secret": secret.hex()})
    write("wallets", cases)


strengths()
ranking()
wallets()
