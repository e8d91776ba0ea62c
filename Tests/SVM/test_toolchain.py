"""What the toolchain makes of small Swift programs, judged by the real VM and by Python's integers.

Every program is built by build-program and deployed through the real loader. Random numbers are seeded.
"""

from __future__ import annotations

import base64
import os
import random
import struct
import subprocess
from pathlib import Path

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from vm import VM
from vm.loader import deploy

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MASK32, MASK64, MASK128 = 2**32 - 1, 2**64 - 1, 2**128 - 1
MINIMUM = 2**63
VERSIONS = ["v3", "v0"]


@pytest.fixture(scope="session")
def tool() -> Path:
    """The compiler driver: CHAINFERENCE_BUILD_PROGRAM, or the debug build of this package."""
    if named := os.environ.get("CHAINFERENCE_BUILD_PROGRAM"):
        return Path(named)
    swift = ["swift", "build", "--package-path", str(ROOT), "--product", "build-program"]
    subprocess.run(swift, check=True, stdout=subprocess.DEVNULL)
    folder = subprocess.run([*swift, "--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    return Path(folder) / "build-program"


@pytest.fixture(scope="session")
def build(tool: Path, tmp_path_factory: pytest.TempPathFactory):
    """Builds a folder of sources once for each set of options and returns the file's bytes."""
    built: dict[tuple, bytes] = {}

    def build(sources: Path, *options: str) -> bytes:
        key = (sources, options)
        if key not in built:
            output = tmp_path_factory.mktemp("program") / "program.so"
            run = subprocess.run(
                [tool, sources, "--output", output, *options], capture_output=True, text=True, check=False
            )
            assert run.returncode == 0, run.stderr
            built[key] = output.read_bytes()
        return built[key]

    return build


class Program:
    """A deployed program and somebody who pays."""

    def __init__(self, elf: bytes) -> None:
        self.vm = VM()
        self.payer = self.vm.keypair(100_000_000_000)
        pair = Keypair()
        deploy(self.vm, elf, pair, self.payer)
        self.id = pair.pubkey()

    def call(self, data: bytes, accounts: list[AccountMeta] | None = None, signers: list[Keypair] | None = None):
        """Runs one instruction; returns its outcome and the bytes it returned."""
        outcome = self.vm.send([Instruction(self.id, data, accounts or [])], [self.payer, *(signers or [])])
        returned = b""
        for line in outcome.logs:
            if line.startswith(f"Program return: {self.id} "):
                returned = base64.b64decode(line.split()[-1])
        return outcome, returned


@pytest.fixture(scope="module", params=VERSIONS)
def arithmetic(request, build) -> Program:
    return Program(build(HERE / "programs" / "arithmetic", "--elf", request.param))


@pytest.fixture(scope="module", params=VERSIONS)
def constructs(request, build) -> Program:
    return Program(build(HERE / "programs" / "constructs", "--elf", request.param))


@pytest.fixture(scope="module", params=VERSIONS)
def memory(request, build) -> Program:
    return Program(build(HERE / "programs" / "memory", "--elf", request.param))


# Arithmetic


def signed(value: int, bits: int = 64) -> int:
    value &= 2**bits - 1
    return value - 2**bits if value >> (bits - 1) else value


def truncated(dividend: int, divisor: int) -> tuple[int, int]:
    """Quotient and remainder towards zero, as in Swift."""
    quotient = abs(dividend) // abs(divisor)
    if (dividend < 0) != (divisor < 0):
        quotient = -quotient
    return quotient, dividend - quotient * divisor


def unsigned_product(a: int, b: int) -> tuple[int, int]:
    return a * b & MASK64, int(a * b > MASK64)


def signed_product(a: int, b: int) -> tuple[int, int]:
    product = signed(a) * signed(b)
    return product & MASK64, int(not -MINIMUM <= product < MINIMUM)


def signed_division(a: int, b: int) -> tuple[int, int]:
    if b == 0 or (signed(b) == -1 and a == MINIMUM):
        return 0, 0
    quotient, remainder = truncated(signed(a), signed(b))
    return quotient & MASK64, remainder & MASK64


def signed_division32(a: int, b: int) -> tuple[int, int]:
    dividend, divisor = signed(a, 32), signed(b, 32)
    if divisor == 0 or (divisor == -1 and dividend == -(2**31)):
        return 0, 0
    quotient, remainder = truncated(dividend, divisor)
    return quotient & MASK64, remainder & MASK64


def product128(a: int, b: int) -> tuple[int, int]:
    product = (a * b * (a ^ b) - b) & MASK128
    return product & MASK64, product >> 64


def shifts(a: int, b: int) -> tuple[int, int]:
    distance = b & 63
    swapped = int.from_bytes(a.to_bytes(8, "little"), "big")
    return (a >> distance) ^ (a << distance & MASK64) ^ swapped, signed(a) >> distance & MASK64


def by_constants(a: int, b: int) -> tuple[int, int]:
    first, second = a * 1_000_000_007, signed(b) * 4_096
    return (
        MASK64 if first > MASK64 else first,
        second & MASK64 if -MINIMUM <= second < MINIMUM else MASK64,
    )


OPERATIONS = {
    "32-bit arithmetic": (0, 6_000, lambda a, b: ((a + b) & MASK32, (a & MASK32) * (b & MASK32) & MASK32)),
    "checked product": (1, 40_000, unsigned_product),
    "full product": (2, 60_000, lambda a, b: (a * b & MASK64, a * b >> 64)),
    "checked signed product": (3, 20_000, signed_product),
    "signed division": (4, 20_000, signed_division),
    "32-bit signed division": (5, 6_000, signed_division32),
    "unsigned division": (6, 6_000, lambda a, b: (a // b, a % b) if b else (0, 0)),
    "128-bit product": (7, 12_000, product128),
    "shifts and bytes": (8, 6_000, shifts),
    "products by constants": (9, 6_000, by_constants),
}

EDGES = [0, 1, 2, 3, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**63 - 1, 2**63, 2**63 + 1, MASK64 - 1, MASK64]


def numbers(count: int, seed: int) -> list[tuple[int, int]]:
    source = random.Random(seed)
    pairs = [(a, b) for a in EDGES for b in EDGES]
    while len(pairs) < count:
        # All magnitudes alike, and now and then a neighbour of a power of two.
        pair = []
        for _ in range(2):
            value = source.getrandbits(source.randint(1, 64))
            if source.random() < 0.2:
                value = (1 << source.randint(0, 63)) + source.randint(-2, 2)
            pair.append((-value if source.random() < 0.3 else value) & MASK64)
        pairs.append((pair[0], pair[1]))
    return pairs


@pytest.mark.parametrize("name", OPERATIONS)
def test_arithmetic_agrees_with_python(arithmetic: Program, name: str) -> None:
    operation, count, expected = OPERATIONS[name]
    pairs = numbers(count, seed=operation)
    for start in range(0, len(pairs), 60):
        batch = pairs[start : start + 60]
        data = struct.pack("<Q", operation) + b"".join(struct.pack("<QQ", *pair) for pair in batch)
        outcome, returned = arithmetic.call(data)
        assert outcome.error is None, outcome.logs
        # The runtime strips trailing zeros from return data.
        values = struct.unpack(f"<{2 * len(batch)}Q", returned.ljust(16 * len(batch), b"\0"))
        for index, pair in enumerate(batch):
            assert values[2 * index : 2 * index + 2] == expected(*pair), (name, pair)


def test_a_32_bit_sum_is_widened_without_its_sign(arithmetic: Program) -> None:
    """BPF's 32-bit addition clears the upper half, the VM's extends the sign; version 2 of the instructions has none."""
    _, returned = arithmetic.call(struct.pack("<QQQ", 0, 0xFFFFFFF0, 1))
    assert struct.unpack_from("<Q", returned)[0] == 0xFFFFFFF1


# Constructs of the language


def invoke(program: Program, case: int, argument: int):
    outcome, returned = program.call(struct.pack("<BQ", case, argument))
    value = int.from_bytes(returned, "little") if outcome.error is None else None
    return outcome, value


def depth(n: int) -> int:
    value = 1
    for k in range(1, n + 1):
        value = (value * 3 & MASK64) ^ k
    return value


@pytest.mark.parametrize(
    ("case", "argument", "expected"),
    [
        (0, 0, 1),
        (0, 40, depth(40)),
        *[(1, n, n * n) for n in range(8)],
        *[(2, n, v) for n, v in enumerate([0x1111, 0x22220000, 0x3333, 0x444444444444, 0x5555, 7, 0])],
        (3, 84, 42),
        (4, 10, 22),
        (4, 11, 36),
        (5, 41, 42),
        (6, 7, 14),
        (7, 255, 255),
        (8, 5, 12),
        (9, 6, 6),
        (9, 5, 77),
        (11, 3, sum(3 + i for i in range(250)) - 6),
        (12, 2**31, 2**62),
    ],
)
def test_constructs(constructs: Program, case: int, argument: int, expected: int) -> None:
    outcome, value = invoke(constructs, case, argument)
    assert outcome.error is None, outcome.logs
    assert value == expected


def conventions(n: int) -> int:
    """What `conventions` in Constructs.swift computes, in Python's integers."""
    first = (n * 3 & MASK64, n ^ 0xFF, n + 1_000 & MASK64)
    second = first[0] // 2 if first[0] & 1 == 0 else 5
    y, z = n & MASK32, second > 9
    left = n + y * 2 + first[1] * 3 + (n & 0xFF) * 5 + second * 7 & MASK64
    fourth = left ^ (first[2] if z else -7 & MASK64)

    def wide_of_many(a: int, b: int, c: int, d: int, e: int, f: int) -> tuple[int, int]:
        if a == 0:
            return b + c & MASK64, d + e + f & MASK64
        rest = wide_of_many(a - 1, c, d, e, f, b)
        return (rest[0] * 3 & MASK64) ^ a, rest[1] + b & MASK64

    fifth = wide_of_many(n & 15, n, second, n, fourth, 6)
    sixth = ((fifth[0] + (fourth << 64)) ^ (n << 3)) & MASK128
    pair = fifth[1] & ~1
    seventh = (pair // 2, pair)
    chosen = seventh[0] if fourth & 1 == 0 else seventh[1]
    eighth = (chosen * 3 & MASK64, chosen + 1_000 & MASK64)
    # In Swift `^` binds like addition: from left to right.
    return ((sixth & MASK64) ^ (sixth >> 64)) + eighth[0] + eighth[1] & MASK64


def test_wide_results_and_many_arguments(constructs: Program) -> None:
    source = random.Random(13)
    for n in [0, 1, 2, 3, 15, 16, 255, MASK32, MASK64, *[source.getrandbits(64) for _ in range(400)]]:
        outcome, value = invoke(constructs, 13, n)
        assert outcome.error is None, (n, outcome.logs)
        assert value == conventions(n), n


def test_typed_errors_are_custom_errors(constructs: Program) -> None:
    assert invoke(constructs, 3, 7)[0].error == 11
    assert invoke(constructs, 3, 1_002)[0].error == 12


def test_text_reaches_the_log(constructs: Program) -> None:
    assert "Program log: hello from Swift" in invoke(constructs, 8, 0)[0].logs


@pytest.mark.parametrize(
    ("what", "case", "argument"),
    [
        ("an index out of range", 1, 8),
        ("a sum that overflows", 5, MASK64),
        ("a division by zero", 6, 0),
        ("a number that does not fit", 7, 256),
        ("fatalError", 10, 0),
        ("a product that overflows", 12, 2**32),
    ],
)
def test_what_would_crash_stops_the_program(constructs: Program, what: str, case: int, argument: int) -> None:
    outcome, _ = invoke(constructs, case, argument)
    assert outcome.error is not None, what
    assert any("SBF program panicked" in line or "abort" in line for line in outcome.logs), outcome.logs
    assert outcome.units < 1_000


def test_recursion_deeper_than_the_stack_stops_the_program(constructs: Program) -> None:
    outcome, _ = invoke(constructs, 0, 70)
    assert outcome.error is not None
    assert any("depth" in line for line in outcome.logs), outcome.logs


# Memory


def expected_memory(operation: int, source: int, destination: int, byte: int, length: int) -> bytes:
    heap = bytearray(i % 251 for i in range(512))
    sizes = {3: 7, 4: 32, 5: 64, 6: 100}
    if operation in (0, *sizes):
        count = sizes.get(operation, length)
        heap[destination : destination + count] = heap[source : source + count]
    elif operation in (1, 2, 7):
        count = 41 if operation == 7 else length
        heap[destination : destination + count] = bytes([0 if operation == 2 else byte]) * count
    else:
        width = {8: 8, 9: 4, 10: 2}[operation]
        value = int.from_bytes(heap[source : source + width], "little") + 1
        heap[destination : destination + width] = (value % 2 ** (8 * width)).to_bytes(width, "little")
    return bytes(heap)


def test_memory_operations_of_all_lengths_and_alignments(memory: Program) -> None:
    source = random.Random(5)
    cases = [(operation, s, d, 0xA5, 100) for operation in range(11) for s, d in [(0, 0), (1, 130), (40, 44), (44, 40)]]
    for _ in range(600):
        cases.append(
            (
                source.randrange(11),
                source.randrange(200),
                source.randrange(200),
                source.randrange(256),
                source.choice([0, 1, 7, 8, 9, 63, 64, 65, source.randrange(250)]),
            )
        )
    for case in cases:
        outcome, returned = memory.call(struct.pack("<BBBBH", *case))
        assert outcome.error is None, (case, outcome.logs)
        assert returned.ljust(512, b"\0") == expected_memory(*case), case


def test_copying_an_address_costs_eight_instructions(memory: Program) -> None:
    def units(operation: int) -> int:
        return memory.call(struct.pack("<BBBBH", operation, 0, 200, 0, 0))[0].units

    # The same program, once copying 7 and once 32 bytes.
    assert abs(units(4) - units(3)) < 12


# System calls


@pytest.fixture(scope="session")
def known_syscalls(tool: Path) -> dict[str, str]:
    lines = subprocess.run([tool, "--syscalls"], check=True, capture_output=True, text=True).stdout.splitlines()
    return dict(line.split() for line in lines)


LONGEST = "sol_get_processed_sibling_instruction"


def test_the_table_of_system_calls_is_that_of_mainnet(build, known_syscalls: dict[str, str], tmp_path: Path) -> None:
    """The loader resolves a version 0 program's calls by name, and refuses it when the VM has none of that name."""
    source = tmp_path / "Call.swift"
    source.write_text(
        f"""
        @_extern(c, "{LONGEST}") func call(_ a: UInt64) -> UInt64
        @c(entrypoint) public func entrypoint(_ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer) -> UInt64 {{
            call(1)
        }}
        """
    )
    elf = build(tmp_path, "--elf", "v0")
    assert elf.count(LONGEST.encode()) == 1
    for name, status in known_syscalls.items():
        renamed = elf.replace(LONGEST.encode(), name.encode().ljust(len(LONGEST), b"\0"))
        try:
            Program(renamed)
            deployed = True
        except Exception:
            deployed = False
        assert deployed == (status == "active"), name


UNKNOWN = """
@_extern(c, "{name}") func call(_ a: UInt64) -> UInt64
@c(entrypoint) public func entrypoint(_ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer) -> UInt64 {{
    call(1)
}}
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [("sol_foo", "no validator knows"), ("sol_remaining_compute_units", "mainnet has not activated")],
)
def test_unknown_and_inactive_system_calls_are_refused(tool: Path, tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "Call.swift").write_text(UNKNOWN.format(name=name))
    run = subprocess.run(
        [tool, tmp_path, "--output", tmp_path / "x.so"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert f"Call.swift:4:5: error: a system call that {words}" in run.stderr, run.stderr
    assert not (tmp_path / "x.so").exists()


def test_why_inactive_system_calls_are_refused(build, tmp_path: Path) -> None:
    """The loader deploys a version 3 program that makes one; it then stops in the middle of a transaction."""
    (tmp_path / "Call.swift").write_text(UNKNOWN.format(name="sol_remaining_compute_units"))
    outcome, _ = Program(build(tmp_path, "--all-features")).call(b"")
    assert outcome.error is not None


# A whole program

GUIDE = (ROOT / "Documentation" / "program-toolchain.md").read_text()


def guides_program(heading: str) -> str:
    """The first Swift text behind some words of the guide."""
    return GUIDE[GUIDE.index(heading) :].split("```swift\n", 1)[1].split("```\n", 1)[0]


@pytest.fixture(params=[(version, source) for version in VERSIONS for source in ("template", "guide")], ids="-".join)
def counter(request, build, tmp_path: Path) -> Program:
    """The counter of this folder, and the one that a reader of the guide gets who copies its text."""
    version, source = request.param
    if source == "template":
        return Program(build(HERE / "programs" / "counter", "--elf", version))
    folder = tmp_path / "counter"
    folder.mkdir()
    (folder / "Counter.swift").write_text(guides_program("## A first program"))
    return Program(build(folder, "--elf", version))


def test_the_guides_counter_is_the_template() -> None:
    template = (HERE / "programs" / "counter" / "Counter.swift").read_text()
    assert guides_program("## A first program") == template


def test_the_guides_mistake_is_refused_as_the_guide_says(tool: Path, tmp_path: Path) -> None:
    """The construct and the line, in the guide's own words."""
    (tmp_path / "Sum.swift").write_text(guides_program("For example `Sum.swift`"))
    run = subprocess.run([tool, tmp_path, "--output", tmp_path / "x.so"], capture_output=True, text=True, check=False)
    said = GUIDE[GUIDE.index("is refused with\n") :].split("```text\n", 1)[1].split("```", 1)[0]
    assert (run.returncode, run.stderr) == (1, said)
    assert not (tmp_path / "x.so").exists()


def test_the_counter_counts(counter: Program) -> None:
    vm = counter.vm
    account, owner, stranger = Keypair().pubkey(), vm.keypair(), vm.keypair()
    vm.set_account(account, vm.minimum_balance(40), bytes(40), counter.id)

    def call(operation: int, who: Keypair, key=account, writable: bool = True, sign: bool = True):
        accounts = [AccountMeta(key, False, writable), AccountMeta(who.pubkey(), sign, False)]
        return counter.call(bytes([operation]), accounts, [who] if sign else [])[0]

    assert call(0, owner, sign=False).error == 3
    began = call(0, owner)
    assert began.error is None
    assert vm.data(account) == bytes(owner.pubkey()) + struct.pack("<Q", 1)
    assert call(0, stranger).error == 4
    assert call(1, stranger).error == 3
    assert call(1, owner, writable=False).error == 2
    assert call(2, owner).error == 1
    elsewhere = Keypair().pubkey()
    vm.set_account(elsewhere, vm.minimum_balance(40), bytes(40), owner.pubkey())
    assert call(0, owner, key=elsewhere).error == 2
    for _ in range(3):
        counted = call(1, owner)
        assert counted.error is None
        assert counted.units < 100
    assert vm.data(account)[32:] == struct.pack("<Q", 4)
    vm.set_account(account, vm.minimum_balance(40), bytes(owner.pubkey()) + b"\xff" * 8, counter.id)
    assert call(1, owner).error is not None
    assert vm.data(account)[32:] == b"\xff" * 8


def test_a_program_is_the_same_wherever_its_sources_lie(build, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "counter"
    copy.mkdir(parents=True)
    original = HERE / "programs" / "counter" / "Counter.swift"
    (copy / "Counter.swift").write_bytes(original.read_bytes())
    assert build(copy) == build(original.parent)
