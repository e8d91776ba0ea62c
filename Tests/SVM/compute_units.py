"""Measures what every instruction costs in the VM, and keeps Documentation/compute-units.md.

    python compute_units.py            print the table
    python compute_units.py --write    and write it to Documentation/compute-units.md
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass

from market.instructions import RequestTerms
from solders.keypair import Keypair
from vm import Outcome
from world import MODEL, ROOT, World, model_hash, program_bytes, seeded

PAGE = ROOT / "Documentation" / "compute-units.md"
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

    @classmethod
    def of(cls, name: str, outcome: Outcome, goal: int | None = None) -> Row:
        event = sum(200 + len(event) for event in outcome.events)
        return cls(name, outcome.units, event, outcome.size, goal)

    @property
    def own(self) -> int:
        return self.units - self.event


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


def page(rows: list[Row]) -> str:
    lines = [
        "# Compute units",
        "",
        "Measured in the Solana VM (LiteSVM of PyPI `solders`, mainnet's features), with the program as",
        "`Scripts/build-program` makes it, deployed through the upgradeable loader. Written by",
        "`Tests/SVM/compute_units.py --write`; `Tests/SVM/test_compute_units.py` fails when an instruction becomes more",
        "than 5 % dearer. *Event* is what the VM takes for writing the Anchor event (200 and 1 for each byte), *own* the",
        "rest; the design's goals are for the rest.",
        "",
        f"Program file: {len(program_bytes()):,} bytes (goal: 24,576).",
        "",
        "| instruction | units | event | own | goal | bytes of the transaction |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        goal = f"{row.goal:,}" if row.goal else ""
        lines.append(f"| {row.name} | {row.units:,} | {row.event} | {row.own:,} | {goal} | {row.size} |")
    lines += [
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
