#!/usr/bin/env python3
"""Writes Corpus/cases.json: JSON texts, and what Python's own parser makes of them.

Each case has a name, its text in base64, whether it is JSON, and if so its value as Python writes it. Where Python is laxer than
RFC 8259 or than this parser means to be, the verdict is Python's but for the three rules in `refused`.
"""
import base64, json, os

cases = []

def case(name, text):
    cases.append((name, text if isinstance(text, bytes) else text.encode()))

# Whole numbers and others
for text in """0 -0 1 -1 9 10 120 9007199254740993 18446744073709551615 18446744073709551616 9223372036854775807 9223372036854775808
-9223372036854775808 -9223372036854775809 0.0 -0.0 0.1 1.5 1.0 1e0 1E0 1e+2 1e-2 1E+2 1E-2 1.25e10 123456789.123456789 5e-324 4.9e-324
2.2250738585072014e-308 1.7976931348623157e308 1e-400 0e1 0e+1 -1e-1 0.30000000000000004 3.141592653589793 1e22 1e23 99999999999999999999999
00 01 -01 -00 +1 -+1 --1 - + . .5 5. -.5 1.e1 1.e 1e 1e+ 1e- 1e1.5 1e1e1 1.2.3 0x1 0b1 0o7 1_000 1,000 Infinity -Infinity NaN nan inf 1a 1f
1e400 -1e400 1e99999999 0.1e 0e 0e+ ٣ １ -a 2.e3 2.e+3 2.e-3 0.3e 1.0e 1.0e+ 1.0e-""".split():
    case("number " + text, text)
    case("number in an array " + text, f"[{text}]")

# Words
for text in """true false null True False Null TRUE tru truee fals falsee nul nulll t f n undefined None nil yes truefalse""".split():
    case("word " + text, text)
    case("word as a member " + text, '{"a":%s}' % text)

# Structure
for text in [
    "", " ", "\n", "[]", "{}", "[ ]", "{ }", " [] ", "\t\n\r []\r\n", "[[]]", "[{}]", '{"a":[]}', '{"a":{}}', "[1,2,3]", "[1 , 2]", "[1\n,\n2]",
    '{"a":1}', '{ "a" : 1 }', '{"a":1,"b":2}', '{"":0}', '{"a":{"b":{"c":[{"d":null}]}}}', "[[[[[[[[[[1]]]]]]]]]]",
    "[", "]", "{", "}", "[}", "{]", "[[]", "[]]", "{{}}", "{}}", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1;2]", "[1:2]",
    '{"a"}', '{"a":}', '{"a":1,}', '{,"a":1}', '{"a":1,,"b":2}', '{"a":1 "b":2}', '{"a" 1}', '{"a":1', '{"a":', '{"a"', '{"', '{"a":1,"b"}',
    "{a:1}", "{'a':1}", "['a']", "{1:1}", "{null:1}", "{[]:1}", '{"a"::1}', '{"a":1:2}', '{"a","b"}', '["a":1]',
    "1 2", "[] []", "{} {}", "[]x", "{}x", "1,", ",1", ":", ",", "[] // comment", "/* comment */ []", "# comment\n[]", "[1, /* x */ 2]",
    "\v[]", "\f[]", "\u00a0[]", "[]\u00a0", "\u2028[]", "\ufeff[]", "[1,\f2]", "\x00", "[]\x00", "\x00[]", "[\x00]", "[1]\n\n\n", "<html></html>",
    '{"a":1}{"b":2}', "[true,false,null]", "[truefalse]", "[true false]", "[nulltrue]", '["a" "b"]', '["a",]', "[\"a\"", "[\"a", "[\"", "\"",
]:
    case("structure " + repr(text), text)

# Strings
for text in [
    "", "a", "abc", " ", "/", "\\/", "\\\\", '\\"', "\\b\\f\\n\\r\\t", "\\u0041", "\\u0000", "\\u001f", "\\u00e9", "\\u20AC", "\\u20ac", "\\uFFFF",
    "\\uFFFE", "\\ud83d\\ude00", "\\uD83D\\uDE00", "é", "€", "😀", "\u2028\u2029", "\x7f", "\u0080", "\ufeff", "\ufffe", "\U0010ffff", "\\u007f",
    "e\u0301", "\u0065\u0301", "[{,:}]", "\\u0022", "\\u005c", "\\u002f", "a\\u0000b", "\\\\u0041", "\\\\\\u0041", "\\u000a", "\\uDBFF\\uDFFF",
    "\\a", "\\'", "\\0", "\\x41", "\\v", "\\U0041", "\\ ", "\\é", "\\u", "\\u0", "\\u00", "\\u004", "\\u004g", "\\u-041", "\\u+041", "\\u 041",
    "\\u0x41", "\n", "\t", "\r", "\x00", "\x1f", "a\nb", "\\\n", "\\", "\\\\\\", "a\\", "\\u00\"", "\\ud83d\\u", "\\ud83d\\ude0",
    "\\ud83d", "\\ude00", "\\ud83dx", "\\ud83d\\n", "\\ud83d\\u0041", "\\ud83d\\ud83d", "\\ude00\\ud83d", "\\ud83d\\\\ude00",
]:
    case("string " + repr(text), f'"{text}"')
    case("name " + repr(text), '{"%s":1}' % text)
for name, raw in [
    ("lone continuation", b"\x80"), ("overlong slash", b"\xc0\xaf"), ("overlong nought", b"\xc0\x80"), ("overlong three", b"\xe0\x80\xaf"),
    ("surrogate", b"\xed\xa0\x80"), ("surrogate pair", b"\xed\xa0\xbd\xed\xb8\x80"), ("beyond Unicode", b"\xf4\x90\x80\x80"), ("five bytes", b"\xf8\x88\x80\x80\x80"),
    ("cut two", b"\xc3"), ("cut three", b"\xe2\x82"), ("cut four", b"\xf0\x9f\x98"), ("fe", b"\xfe"), ("ff", b"\xff"), ("latin 1", b"\xe9"), ("good", b"\xc3\xa9"),
    ("cut by a quote", b"\xc3\"x"), ("cut by an escape", b"\xc3\\u00a9"),
]:
    case("UTF-8 " + name, b'"' + raw + b'"')
    case("UTF-8 in an array " + name, b'["a' + raw + b'b"]')
for encoding in ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be", "utf-8-sig"]:
    case("encoded as " + encoding, '["é"]'.encode(encoding))

# Members
for text in ['{"a":1,"a":2}', '{"a":1,"a":1}', '{"a":{},"b":1,"a":[]}', '{"a":1,"\\u0061":2}', '[{"a":1},{"a":1}]', '{"a":{"a":1}}',
             "{%s}" % ",".join(f'"m{i}":{i}' for i in range(40)), '{%s,"m7":0}' % ",".join(f'"m{i}":{i}' for i in range(40))]:
    case("members " + text[:40], text)

# Depth: the corpus is read with room for 64 levels.
for depth in [1, 63, 64]:
    case(f"{depth} arrays", "[" * depth + "]" * depth)
    case(f"{depth} objects", '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1))
case("an open array in depth", "[" * 50)
case("a closed one too often", "[" * 50 + "]" * 51)


class Refused(Exception):
    pass

def refused(pairs):
    """A member named twice is refused."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise Refused
    return dict(pairs)

def constant(_):
    """Not a number and the infinities are not JSON."""
    raise Refused

def check(value):
    """Half a surrogate pair is no text, and a number beyond the doubles no number."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            raise Refused
    elif isinstance(value, list):
        for element in value:
            check(element)
    elif isinstance(value, dict):
        for name, element in value.items():
            name.encode()
            check(element)
    return value

written = []
for name, text in cases:
    entry = {"name": name, "text": base64.b64encode(text).decode(), "isJSON": True}
    try:
        # Bytes would let Python guess at the encoding.
        value = check(json.loads(text.decode("utf-8"), object_pairs_hook=refused, parse_constant=constant))
        entry["value"] = json.dumps(value)
    except (ValueError, Refused):
        entry["isJSON"] = False
    written.append(entry)

with open(os.path.join(os.path.dirname(__file__), "Corpus", "cases.json"), "w") as file:
    json.dump(written, file, indent=0)
    file.write("\n")
print(len(written), "cases,", sum(entry["isJSON"] for entry in written), "of them JSON")
