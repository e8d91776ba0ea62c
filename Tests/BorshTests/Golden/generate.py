"""Writes the golden data of BorshTests with borsh-construct.

    $(Scripts/venv BorshTests/Golden) Tests/BorshTests/Golden/generate.py

Values are written as JSON beside the Borsh in base64. Numbers of more than 32 bits are decimal text, floating-point
numbers are their bits. The seed is fixed: the same borsh-construct gives the same file.
"""

import base64
import json
import pathlib
import random
import struct

import borsh_construct as b

rng = random.Random(20261122)
cases = []


def add(name, shape, value, shown=None):
    cases.append([name, value if shown is None else shown, base64.b64encode(shape.build(value)).decode()])


def integer(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return rng.choice([low, low + 1, 0, 1, high - 1, high, rng.randint(low, high), rng.randint(max(low, -300), min(high, 300))])


INTEGERS = {
    f"{'i' if signed else 'u'}{bits}": (getattr(b, f"{'I' if signed else 'U'}{bits}"), bits, signed)
    for bits in (8, 16, 32, 64, 128)
    for signed in (False, True)
}

TEXTS = ["", "a", "aa", "b", "ab", "é", "e\u0301", "日本語", "🦀", "\u0000", "z" * 300, "￿", "𐀀"]


def text():
    return rng.choice(TEXTS + ["".join(rng.choice("abcé🦀") for _ in range(rng.randint(0, 12)))])


for name, (shape, bits, signed) in INTEGERS.items():
    for _ in range(12):
        value = integer(bits, signed)
        add(name, shape, value, str(value))
    for _ in range(4):
        values = [integer(bits, signed) for _ in range(rng.choice([0, 1, 3, 40]))]
        add(f"vec_{name}", b.Vec(shape), values, [str(v) for v in values])
        values = {integer(bits, signed) for _ in range(rng.choice([0, 1, 3, 20]))}
        add(f"set_{name}", b.HashSet(shape), values, [str(v) for v in sorted(values)])

for value in [0.0, -0.0, 1.5, -1.5, 1e-45, 3.4028234663852886e38, float("inf"), float("-inf")]:
    add("f32", b.F32, value, str(struct.unpack("<I", struct.pack("<f", value))[0]))
    add("f64", b.F64, value, str(struct.unpack("<Q", struct.pack("<d", value))[0]))
for _ in range(20):
    bits = rng.getrandbits(64)
    value = struct.unpack("<d", struct.pack("<Q", bits))[0]
    if value == value:
        add("f64", b.F64, value, str(bits))

for value in (True, False):
    add("bool", b.Bool, value)
for value in TEXTS:
    add("string", b.String, value)
for _ in range(10):
    add("vec_string", b.Vec(b.String), [text() for _ in range(rng.randint(0, 6))])
    value = rng.choice([None, integer(32, False)])
    add("option_u32", b.Option(b.U32), value, [] if value is None else [str(value)])
    value = [rng.choice([None, text()]) for _ in range(4)]
    add("vec_option_string", b.Vec(b.Option(b.String)), value)
    value = [integer(16, False) for _ in range(3)]
    add("array3_u16", b.U16[3], value, [str(v) for v in value])
    value = [integer(8, False), text(), rng.choice([True, False])]
    add("tuple", b.TupleStruct(b.U8, b.String, b.Bool), value, [str(value[0]), value[1], value[2]])
    value = {text(): integer(64, False) for _ in range(rng.randint(0, 9))}
    # Texts that Swift calls equal cannot be in one dictionary.
    if not {"é", "e\u0301"} <= value.keys():
        add("map_string_u64", b.HashMap(b.String, b.U64), value, [[k, str(v)] for k, v in value.items()])
    value = {integer(32, True): text() for _ in range(rng.randint(0, 9))}
    add("map_i32_string", b.HashMap(b.I32, b.String), value, [[str(k), v] for k, v in value.items()])
    value = {text() for _ in range(rng.randint(0, 9))}
    if not {"é", "e\u0301"} <= value:
        add("set_string", b.HashSet(b.String), value, sorted(value))
    value = rng.randbytes(rng.choice([0, 1, 5, 500]))
    add("bytes", b.Bytes, value, base64.b64encode(value).decode())

SHAPE = b.Enum(
    "Empty",
    "Circle" / b.CStruct("radius" / b.U32),
    "Pair" / b.TupleStruct(b.U8, b.String),
    enum_name="Shape",
)
for _ in range(4):
    add("shape", SHAPE, SHAPE.enum.Empty(), ["empty"])
    radius = integer(32, False)
    add("shape", SHAPE, SHAPE.enum.Circle(radius=radius), ["circle", str(radius)])
    pair = (integer(8, False), text())
    add("shape", SHAPE, SHAPE.enum.Pair(pair), ["pair", str(pair[0]), pair[1]])

# A struct that nests everything.
LISTING = b.CStruct(
    "model" / b.String,
    "price" / b.U64,
    "tags" / b.Vec(b.String),
    "limits" / b.HashMap(b.String, b.Option(b.I64)),
    "shape" / SHAPE,
)
for _ in range(30):
    value = {
        "model": text(),
        "price": integer(64, False),
        "tags": [text() for _ in range(rng.randint(0, 4))],
        "limits": {f"k{n}{text()}": rng.choice([None, integer(64, True)]) for n in range(rng.randint(0, 4))},
        "shape": SHAPE.enum.Circle(radius=integer(32, False)),
    }
    add("listing", LISTING, value, {
        "model": value["model"],
        "price": str(value["price"]),
        "tags": value["tags"],
        "limits": [[k, None if v is None else str(v)] for k, v in value["limits"].items()],
        "radius": str(value["shape"].radius),
    })

# Two rules that borsh-construct does not know, written by hand from the specification at borsh.io: a result is 1 and
# the success, or 0 and the failure; a unit is nothing.
for ok in (True, False):
    value = integer(64, False)
    raw = struct.pack("<BQ", 1, value) if ok else struct.pack("<BI", 0, 3) + b"bad"
    cases.append(["result", [str(value)] if ok else ["bad"], base64.b64encode(raw).decode()])

path = pathlib.Path(__file__).parent / "borsh.json"
path.write_text(json.dumps(cases, separators=(",", ":"), ensure_ascii=True) + "\n")
