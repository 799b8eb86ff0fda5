"""JSON from strangers: what it says comes back, what parsers forgive is refused, and no text takes longer than its length."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, strategies as st

from domain.refusals import Refusal
from service.api.http.strict_json import MAX_DEPTH, parse

MEGABYTE = 1_048_576
CPU_SECONDS = 5
"""What one text of a megabyte may cost; the slowest takes a tenth of it on a busy machine."""

NAMES = st.text(alphabet="ab:\\\"\u00e9\u0000{}[],'", max_size=4)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | NAMES
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(NAMES, below, max_size=4),
    max_leaves=20,
)


def refused(text: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        parse(text)
    return caught.value.code


@given(VALUES, st.sampled_from([None, 1]))
def test_parse_any_value_gives_it_back(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=bool(indent))
    assert parse(text.encode()) == value


@given(VALUES, NAMES, VALUES, VALUES, st.booleans())
def test_parse_repeated_name_anywhere_is_refused(
    around: Any, name: str, one: Any, other: Any, escaped: bool
) -> None:
    first = json.dumps(name)
    second = '"' + "".join(f"\\u{ord(letter):04x}" for letter in name) + '"' if escaped else first
    twice = f"{{{first}:{json.dumps(one)},{second}:{json.dumps(other)}}}"
    text = f"[{json.dumps(around)},{{{json.dumps(name + 'x')}:{twice}}}]"
    assert refused(text.encode()) == "BODY_MALFORMED"


@pytest.mark.parametrize(("depth", "code"), [(MAX_DEPTH, None), (MAX_DEPTH + 1, "BODY_TOO_DEEP")])
@pytest.mark.parametrize(("before", "inner", "after"), [(b"[", b"[]", b"]"), (b'{":":', b"{}", b"}")])
def test_parse_nesting_at_the_bound(
    depth: int, code: str | None, before: bytes, inner: bytes, after: bytes
) -> None:
    text = before * (depth - 1) + inner + after * (depth - 1)
    if code is None:
        parse(text)
    else:
        assert refused(text) == code


def hostile(size: int) -> Iterator[tuple[str, bytes]]:
    """Texts of about a size, each of a kind that made some parser slow."""
    repeated = {
        "open string of escaped quotes": (b'"', b'\\"', b""),
        "open string of backslashes": (b'{"a":"', b"\\\\", b""),
        "open string": (b'{"a":"', b"x", b""),
        "quotes": (b"", b'"', b""),
        "strings without commas": (b"[", b'""', b"]"),
        "escapes": (b'["', b"\\n", b'"]'),
        "escaped colons": (b'["', b"\\u003a", b'",":"]'),
        "colons in a name": (b'{"', b":", b'":1}'),
        "empty lists": (b'[":"', b",[]", b"]"),
        "empty objects": (b'[":"', b",{}", b"]"),
        "small objects": (b'[":"', b',{"":":"}', b"]"),
        "open objects": (b"", b'{"a":1,', b""),
        "open lists": (b"", b"[", b""),
        "closed lists": (b"", b"]", b""),
        "digits": (b'[":",', b"9", b"]"),
        "decimals": (b'[":",0.', b"9", b"]"),
        "exponent": (b'[":",1e', b"9", b"]"),
        "minus": (b"[", b"-", b"]"),
        "commas": (b"[", b",", b"]"),
        "spaces": (b"", b" ", b'":"'),
        "broken characters": (b'["', b"\xf0\x9f", b'"]'),
        "lone surrogates": (b'["', b"\\ud800", b'"]'),
        "nothing": (b"", b"\0", b""),
    }
    for kind, (start, middle, end) in repeated.items():
        yield kind, start + middle * (size // len(middle)) + end
    yield "names", b'{":":0' + b"".join(b',"%d":1' % n for n in range(size // 11)) + b"}"
    yield "one name", b'{":":0' + b',"a":1' * (size // 6) + b"}"


PROGRAM: Final = """
import resource, sys
from domain.refusals import Refusal
from service.api.http.strict_json import parse
from tests.api.http.test_strict_json import CPU_SECONDS, MEGABYTE, hostile
for kind, text in hostile(MEGABYTE):
    print(kind, flush=True)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(usage.ru_utime + usage.ru_stime) + 1 + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    try:
        parse(text)
    except Refusal:
        pass
print("done")
"""


def test_parse_hostile_megabyte_ends_within_its_processor_time() -> None:
    """In a process that the system ends when it has used that: an open string took a thousand times as much."""
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=500)
    assert ended.stdout.splitlines()[-1:] == ["done"], (
        f"{ended.returncode}: {ended.stdout[-200:]} {ended.stderr[-500:]}"
    )


def test_hostile_texts_are_refused_or_kept() -> None:
    """The list above holds both kinds: it would prove nothing if the first byte already ended every parser."""
    refusals = 0
    for _, text in hostile(5_000):
        try:
            assert parse(text) == orjson.loads(text)
        except Refusal:
            refusals += 1
    assert 5 < refusals < 20
