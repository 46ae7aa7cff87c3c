"""Damage to bytes and to YAML."""

from __future__ import annotations

import gzip
from random import Random

from tests.fuzz.junk import TEXTS

TOKENS = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"NaN", b"-Infinity", b"1e999", b"-0", b"01", b"0x1",
    b"9" * 5000, b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\\ud800", b"\\u12", b"\\x", b"\t", b"\n", b"\r\n", b"\x1b[2J", b"\x7f", b"\xc2\x9b", b"\xe2\x80\xa8",
    b"[" * 300, b'{"a":' * 300, b"]" * 300, b"/*x*/", b"//", b'"id":"/x",', b'"properties":{},', b'{"a":1,"a":2}',
    b"\xe2\x80\xae", b"'", b"True", b'"x"' * 3,
)  # fmt: skip
YAML_TOKENS = (
    "\t", "&a ", "*a", "*a,", "!!python/object/apply:os.system ['true']", "!!binary ", "!x ", "? ", "- ", "- - - ",
    ": ", "|", ">", "'", '"', "[", "]", "{", "}", "{a: {a: ", "<<: *a\n", "---\n", "...\n", "%YAML 9.9\n",
    "%TAG ! x\n", "# ", "@", "`", "\x00", "\x85", "\u2028", "\ufeff", "\ud7ff", "~", "null", ".inf", ".nan", "0o17",
    "1:30", "2026-11-22", "1_000", "9" * 500, "yes", "true", "{}", "[]", "- " * 60, "[" * 60, "{a: " * 60, "\n" * 300,
    " " * 300, "x: &b [*b]\n", "a: &a [x]\nb: [*a, *a]\n", "'*': 1\n", "é" * 50,
)  # fmt: skip


def damaged(rng: Random, data: bytes) -> bytes:
    """Bytes with up to a handful of faults."""
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((0, 1, 1, 2, 8, 200)))
        what = rng.randrange(8)
        if what == 0:
            data = data[:at]
        elif what == 1 and at < len(data):
            data = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        elif what in (2, 3, 4):
            data = data[:at] + rng.choice(TOKENS) + data[end:]
        elif what == 5:
            data = data[:at] + data[end:]
        elif what == 6:
            begin = rng.randrange(len(data) + 1)
            data = data[:at] + data[begin : begin + rng.choice((1, 20, 300, 5000))] + data[at:]
        else:
            data = wrapped(rng, data)
    return data


def wrapped(rng: Random, data: bytes) -> bytes:
    """The whole in another form."""
    text = data.decode("utf-8", "replace")
    return rng.choice(
        (
            lambda: b"\xef\xbb\xbf" + data,
            lambda: text.encode("utf-16"),
            lambda: text.encode("utf-16-le"),
            lambda: gzip.compress(data, 1),
            lambda: data + data,
            lambda: data + b"\n" + data,
            lambda: b"[" + data + b"]",
            lambda: b'{"value":' + data + b"}",
            lambda: b'{"documents":[' + data + b"]}",
            lambda: rng.choice((b"", b"\n")),
            lambda: rng.randbytes(rng.choice((1, 10, 1000))),
            lambda: data.replace(b"\n", b"\r"),
            lambda: data.replace(b":", b": "),
            data.upper,
        )
    )()


def damaged_yaml(rng: Random, text: str) -> bytes:
    """YAML with faults: tokens anywhere, words for others, lines moved, bytes damaged."""
    for _ in range(rng.choice((1, 1, 2, 4, 10))):
        what = rng.randrange(6)
        at = rng.randrange(len(text) + 1)
        lines = text.split("\n")
        line = rng.randrange(len(lines))
        if what == 0:
            text = text[:at] + rng.choice(YAML_TOKENS) + text[at:]
        elif what == 1:
            head, colon, _ = lines[line].partition(": ")
            value = rng.choice((*YAML_TOKENS, *TEXTS[:80]))
            lines[line] = f"{head}{colon}{value}" if colon else value
            text = "\n".join(lines)
        elif what == 2:
            lines.insert(rng.randrange(len(lines)), lines[line])
            text = "\n".join(lines)
        elif what == 3:
            del lines[line]
            text = "\n".join(lines)
        elif what == 4:
            lines[line] = rng.choice(("  ", " ", "\t", "- ", "#")) + lines[line]
            text = "\n".join(lines)
        else:
            text = text[:at]
    raw = text.encode("utf-8", "surrogatepass")
    return damaged(rng, raw) if rng.random() < 0.2 else raw


def bomb(rng: Random) -> str:
    """YAML whose aliases multiply, whose depth has no end, or that is one long word."""
    width, depth = rng.randrange(2, 12), rng.randrange(2, 30)
    return rng.choice(
        (
            lambda: (
                "a0: &a0 [x]\n"
                + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]\n" for n in range(1, depth))
            ),
            lambda: (
                "a0: &a0 {x: y}\n" + "".join(f"a{n}: &a{n} {{a: *a{n - 1}, b: *a{n - 1}}}\n" for n in range(1, depth))
            ),
            lambda: "[" * 10_000,
            lambda: "{a: " * 5_000,
            lambda: "- " * 5_000,
            lambda: "x" * 900_000,
            lambda: "a: &a [*a]\n",
            lambda: "? " * 3_000,
            lambda: "\n".join(f"k{n}: v" for n in range(30_000)),
            lambda: "!!str " * 2_000 + "x",
            lambda: "".join(f"{' ' * n}a:\n" for n in range(300)),
        )
    )()
