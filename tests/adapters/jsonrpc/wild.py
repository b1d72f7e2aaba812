"""Strategies for what may come from a client: JSON of any kind, bodies near to messages, bytes in chunks."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import strategies as st

text = st.text(st.characters(exclude_categories=[]), max_size=6)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
anything: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
ids = st.integers(0, 3) | st.sampled_from(["a", "0"])

messages = st.fixed_dictionaries(
    {"jsonrpc": st.sampled_from(["2.0", "2.0", "2.0", "1.0"])},
    optional={
        "id": ids | anything,
        "method": st.sampled_from(["backups/list", "initialize", "$/cancelRequest", ""]) | anything,
        "params": anything,
        "result": anything,
        "error": anything,
    },
)
requests = st.fixed_dictionaries({"jsonrpc": st.just("2.0"), "id": ids, "method": st.just("m")})
batches = st.lists(requests | messages | anything, max_size=4)

bodies: st.SearchStrategy[bytes] = (
    (requests | messages | batches | anything).map(lambda said: json.dumps(said).encode())
    | st.binary(max_size=20)
    | (requests | messages).map(lambda said: json.dumps(said).encode()[:-1])
)


def chunks(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """The same bytes, in pieces of any size."""

    def cut(places: list[int]) -> list[bytes]:
        at = [0, *sorted(places), len(data)]
        return [data[start:end] for start, end in itertools.pairwise(at)]

    return st.lists(st.integers(0, len(data)), max_size=8).map(cut)
