"""What a reader of the log's proofs runs: leaf hashes and a proof to the root they claim (RFC 6962, 2.1.1)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from service.algorithms.digests import SHA256


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that `leaf` (a leaf hash) stands at `index` of the tree of `size` leaves with `root`."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = SHA256.node(sibling, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = SHA256.node(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def root_of_multi_proof(
    leaves: Sequence[bytes], indexes: Sequence[int], size: int, proof: Sequence[bytes]
) -> bytes | None:
    """The root that a `multi_proof` gives for these leaf hashes at these places; None if it cannot be one."""
    if len(leaves) != len(indexes) or not indexes or indexes[0] < 0 or indexes[-1] >= size:
        return None
    if any(first >= second for first, second in pairwise(indexes)):
        return None
    beside = iter(proof)
    try:
        root = _folded(leaves, indexes, 0, size, 0, len(indexes), beside)
    except StopIteration:
        return None
    return root if next(beside, None) is None else None


def _folded(
    leaves: Sequence[bytes],
    indexes: Sequence[int],
    start: int,
    end: int,
    low: int,
    high: int,
    beside: Iterator[bytes],
) -> bytes:
    if low == high:
        return next(beside)
    if end - start == 1:
        return leaves[low]
    middle = start + (1 << (end - start - 1).bit_length() - 1)
    cut = bisect_left(indexes, middle, low, high)
    left = _folded(leaves, indexes, start, middle, low, cut, beside)
    return SHA256.node(left, _folded(leaves, indexes, middle, end, cut, high, beside))
