"""Measures what every instruction costs in the VM, and keeps Documentation/compute-units.md.

    python compute_units.py            print the table
    python compute_units.py --write    and write it to Documentation/compute-units.md
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from market.ceilings import DEARER, REFUSAL, TEXT
from market.instructions import RequestTerms
from solders.keypair import Keypair
from vm import Outcome
from world import MODEL, ROOT, World, model_hash, program_bytes, seeded

PAGE = ROOT / "Documentation" / "compute-units.md"
# What the VM takes for the hash of six parts by which `request_inference` proves the address of a request, and the whole
# proof with its instructions: of these units a refusal of a wrong bump with a name of its own is made.
ADDRESS_PROOF_SYSCALL = 163
ADDRESS_PROOF = 210
PEER = "/ip4/198.51.100.1/tcp/3819/nxk/1/" + "8" * 44


@dataclass(frozen=True)
class Row:
    name: str
    units: int
    # The part of `units` that writing the event costs: two times 100, and 1 for each byte (agave, `sol_log_data`).
    event: int
    size: int
    # The design's goal, for the units without the event.
    goal: int | None
    # The part of `own` that the goal did not foresee.
    proof: int = 0

    @classmethod
    def of(cls, name: str, outcome: Outcome, goal: int | None = None) -> Row:
        event = sum(200 + len(event) for event in outcome.events)
        return cls(name, outcome.units, event, outcome.size, goal, ADDRESS_PROOF if "request_inf" in name else 0)

    @property
    def own(self) -> int:
        return self.units - self.event

    @property
    def judged(self) -> int:
        """What is held against the goal."""
        return self.own - self.proof


def measure() -> list[Row]:
    return [row for part in (market_rows, server_rows, request_rows, end_rows, reputation_rows) for row in part()]


def market_rows() -> list[Row]:
    world = World(initialize=False)
    vm, program, authority = world.vm, world.program, world.authority
    key = authority.pubkey()
    rows = [
        Row.of("initialize_market", vm.must([program.initialize_market(key, key, world.treasury, 5, 1)], [authority]))
    ]
    successor = vm.keypair()
    update = program.update_market(key, world.treasury, successor.pubkey(), 6, 2)
    rows.append(Row.of("update_market", vm.must([update], [authority])))
    rows.append(Row.of("accept_market", vm.must([program.accept_market(successor.pubkey())], [successor])))
    return rows


def server_rows() -> list[Row]:
    world = World(fee=100)
    vm, program = world.vm, world.program
    # The search for the address takes 1,500 units for each bump that does not do: an owner that needs one step.
    owner = next(k for k in (seeded(f"compute units {n}") for n in range(999)) if bump(world, k) == 255)
    vm.fund(owner.pubkey(), 10_000_000_000)
    key = owner.pubkey()
    steps: list[tuple[str, Callable]] = [
        ("add_server (first bump)", lambda: program.add_server(key, bytes(32), "/ip4/203.0.113.7/tcp/3819")),
        ("set_listing, new", lambda: program.set_listing(key, MODEL, 400_000, 100_000, 1_000)),
        ("set_listing, changed", lambda: program.set_listing(key, MODEL, 300_000, 100_000, 1_000)),
        ("update_server", lambda: program.update_server(key, bytes(32), "/ip4/203.0.113.7/tcp/38190")),
        ("heartbeat", lambda: program.heartbeat(key)),
    ]
    rows = [Row.of(name, vm.must([build()], [owner])) for name, build in steps]
    vm.advance(seconds=1)
    world.claimed(owner)
    rows.append(Row.of("collect_fees", vm.must([program.collect_fees(key, world.treasury)], [vm.keypair()])))
    rows.append(Row.of("remove_listing", vm.must([program.remove_listing(key, model_hash())], [owner])))
    rows.append(Row.of("close_server", vm.must([program.close_server(key, world.treasury)], [owner])))
    return rows


def bump(world: World, owner: Keypair) -> int:
    return world.program.pda(b"server", bytes(owner.pubkey()))[1]


def request_rows() -> list[Row]:
    world = World(fee=100)
    vm, owner = world.vm, world.provider()
    job = world.job()
    rows = [Row.of("request_inference, open", vm.must([world.open_instruction(job)], [job.client]), 2_000)]
    direct = world.job()
    outcome = vm.must([world.open_instruction(direct, direct=owner)], [direct.client])
    rows.append(Row.of("request_inference, direct", outcome))
    vm.advance(seconds=1)
    outcome = vm.must([world.program.cancel_request(job.address, job.client.pubkey())], [job.client])
    rows.append(Row.of("cancel_request", outcome, 500))
    job = world.open()
    rows.append(Row.of("lock_request", vm.must([world.lock_instruction(job, owner)], [owner]), 600))
    vm.advance(seconds=1)
    release = world.program.release_request(job.address, owner.pubkey(), job.client.pubkey())
    rows.append(Row.of("release_request", vm.must([release], [owner]), 500))
    vm.advance(seconds=1)
    locked = vm.must([world.lock_instruction(job, owner, peer_address=PEER)], [owner])
    rows.append(Row.of(f"lock_request, {len(PEER)} bytes of address", locked))
    vm.advance(seconds=1)
    begin = world.program.begin_close(job.address, job.client.pubkey())
    rows.append(Row.of("begin_close", vm.must([begin], [job.client]), 500))
    claim = vm.must(world.claim_instructions(job, owner, 20_000, vouched=20_000), [owner])
    rows.append(Row.of("claim_payment, with voucher", claim, 900))
    credit = world.locked(owner)
    rows.append(Row.of("claim_payment, on credit", vm.must(world.claim_instructions(credit, owner, 5_000), [owner])))
    return rows


def end_rows() -> list[Row]:
    world = World(fee=100)
    vm, owner = world.vm, world.provider()
    server = world.program.server(owner.pubkey())
    opened, locked, claimed = world.open(), world.locked(owner), world.claimed(owner)
    key = claimed.client.pubkey()
    close = vm.must([world.program.close_request(claimed.address, key)], [claimed.client])
    vm.advance(seconds=3_601)
    rows = [Row.of("close_request", close, 500)]
    for name, job in (("expire_request, open", opened), ("expire_request, locked", locked)):
        expire = world.program.expire_request(job.address, job.client.pubkey(), server)
        rows.append(Row.of(name, vm.must([expire], [vm.keypair()]), 500))
    return rows


def reputation_rows() -> list[Row]:
    world = World()
    vm, owners = world.vm, [world.provider(), world.provider()]
    jobs = [world.claimed(owner) for owner in owners]
    servers = [world.program.server(owner.pubkey()) for owner in owners]
    flag = world.program.flag_response(jobs[0].address, jobs[0].client.pubkey(), servers[0])
    rows = [Row.of("flag_response, after the claim", vm.must([flag], [jobs[0].client]), 500)]
    compare = world.program.compare_responses(
        *(job.address for job in jobs), *servers, *(job.client.pubkey() for job in jobs)
    )
    rows.append(Row.of("compare_responses", vm.must([compare], [job.client for job in jobs])))
    return rows


def version0_size() -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "market.so"
        build = [ROOT / "Scripts" / "build-program", "--elf", "v0", "--output", file]
        subprocess.run(build, check=True, capture_output=True)
        return file.stat().st_size


def page(rows: list[Row]) -> str:
    lines = [
        "# Compute units",
        "",
        "Measured in the Solana VM (LiteSVM of PyPI `solders`, mainnet's features), with the program as",
        "`Scripts/build-program` makes it, deployed through the upgradeable loader. Written by",
        "`Tests/SVM/compute_units.py --write`; `Tests/SVM/test_compute_units.py` fails when an instruction becomes more",
        "than 5 % dearer. *Event* is what the VM takes for writing the Anchor event (200 and 1 for each byte), *own* the",
        "rest.",
        "",
        f"Program file: {len(program_bytes()):,} bytes in version 3 of the bytecode (goal: 24,576); {version0_size():,} in version 0, for",
        "clusters that are years behind: the same code with the section tables, symbol names and relocations that version 3 does",
        "without.",
        "",
        "| instruction | units | event | own | goal | bytes of the transaction |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        goal = f"{row.goal:,}" if row.goal else ""
        lines.append(f"| {row.name} | {row.units:,} | {row.event} | {row.own:,} | {goal} | {row.size} |")
    lines += [
        "",
        "## The goals",
        "",
        "`lock_request` and `claim_payment` meet the design's goals without their events, not with them. An event costs 200",
        "units before its first byte, and 240 with the address that it is about; what is left of 600 after that and after the",
        "clock (110) is 250 instructions, and to compare the four keys and the two hashes and to copy the terms that the lock",
        "is about takes more.",
        "",
        f"`request_inference` meets its goal without its event and without the proof of the account's address, about {ADDRESS_PROOF} units,",
        f"of which the VM's hash is {ADDRESS_PROOF_SYSCALL}. The runtime proves the address once more when it signs for it, so this buys one thing: a",
        "wrong bump or account is refused with a name (`ConstraintSeeds`) and not with the runtime's `PrivilegeEscalation`. The",
        "VM's own charges here are about 1,100 for calling the system program, 280 for the event, 163 and 101 for the two hashes, 117",
        "for the rent, 110 for the clock and 20 for copies, 1,890 in all; 560 instructions are the program's.",
        "",
        "## Refusals",
        "",
        f"A refusal costs at most {REFUSAL} units, but for these. Every refused call of `Tests/SVM`, the random ones included, is held",
        f"against `market/ceilings.py`. Reading a model id or a peer address adds {TEXT} for each 8 bytes of it.",
        "",
        "| instruction | error | at most | because of |",
        "|---|---|---:|---|",
        *(f"| {name} | `{error.name}` | {most:,} | {why} |" for (name, error), (most, why) in DEARER.items()),
        "",
        f"The model id is `{MODEL}`, the stake {RequestTerms().stake:,} lamports. Searching an address costs",
        "`add_server` 1,500 units for each bump that does not do.",
        "",
    ]
    return "\n".join(lines)


def committed() -> dict[str, int]:
    """The units of the committed table by instruction."""
    rows = re.findall(r"^\| ([^|]+?) \| ([\d,]+) \|", PAGE.read_text(), re.MULTILINE)
    return {name: int(units.replace(",", "")) for name, units in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write Documentation/compute-units.md")
    arguments = parser.parse_args()
    text = page(measure())
    print(text)
    if arguments.write:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
