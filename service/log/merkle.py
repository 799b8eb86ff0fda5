"""The Merkle tree over a county's log: RFC 6962 section 2.1, with the log's digest.

Leaf i of the tree is the event at position i + 1. A `Frontier` is all that is needed to append (some 20 hashes for a
million events); a `Tree` keeps every complete node and gives proofs. Verifying needs neither, only the hashes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from service.algorithms.digests import HASH_BYTES, SHA256, Digest

_SIZE_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: the roots of its complete subtrees, largest first, one per set bit of `size`."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()
    digest: Digest = SHA256

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            msg = f"{len(self.peaks)} peaks do not make a tree of {self.size} leaves"
            raise ValueError(msg)

    def extended(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier after appending `leaves` (leaf hashes, in order)."""
        peaks = list(self.peaks)
        size = self.size
        of = self.digest.of
        for leaf in leaves:
            node = leaf
            carry = size
            while carry & 1:
                node = of(b"\x01" + peaks.pop() + node)
                carry >>= 1
            peaks.append(node)
            size += 1
        return Frontier(size, tuple(peaks), self.digest)

    def root(self) -> bytes:
        """The tree's root hash, 32 bytes."""
        if not self.peaks:
            return self.digest.empty_root
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = self.digest.node(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """8 bytes of size, big-endian, then the peaks."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, stored: bytes, digest: Digest = SHA256) -> Self:
        """The inverse of `to_bytes`; `ValueError` for anything else."""
        size = int.from_bytes(stored[:_SIZE_BYTES], "big")
        rest = stored[_SIZE_BYTES:]
        if len(stored) < _SIZE_BYTES or len(rest) % HASH_BYTES:
            msg = f"{len(stored)} bytes are not a frontier"
            raise ValueError(msg)
        peaks = tuple(rest[start : start + HASH_BYTES] for start in range(0, len(rest), HASH_BYTES))
        return cls(size, peaks, digest)


class Tree:
    """All complete nodes of a tree in memory: 64 bytes a leaf. Roots and proofs for any size it has had."""

    def __init__(self, leaves: Iterable[bytes] = (), digest: Digest = SHA256) -> None:
        self.digest = digest
        of = digest.of
        nodes = list(leaves)
        if any(len(leaf) != HASH_BYTES for leaf in nodes):
            msg = f"a leaf hash has {HASH_BYTES} bytes"
            raise ValueError(msg)
        self._levels: list[bytearray] = [bytearray(b"".join(nodes))]
        while len(nodes) > 1:
            pairs = zip(nodes[::2], nodes[1::2], strict=False)  # one left over waits for its sibling
            nodes = [of(b"\x01" + left + right) for left, right in pairs]
            self._levels.append(bytearray(b"".join(nodes)))

    def __len__(self) -> int:
        return len(self._levels[0]) // HASH_BYTES

    def root(self, size: int | None = None) -> bytes:
        """Root of the first `size` leaves (default: all)."""
        size = self._checked_size(size)
        return self._range_root(0, size) if size else self.digest.empty_root

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Proof that leaf `index` (from 0) is in the tree of the first `size` leaves."""
        size = self._checked_size(size)
        if not 0 <= index < size:
            msg = f"leaf {index} is not in a tree of {size}"
            raise ValueError(msg)
        return self._path(index, 0, size)

    def consistency_proof(self, old_size: int, size: int | None = None) -> list[bytes]:
        """Proof that the tree of `old_size` leaves is a prefix of the tree of `size` leaves."""
        size = self._checked_size(size)
        if not 0 <= old_size <= size:
            msg = f"a tree of {size} leaves never had {old_size}"
            raise ValueError(msg)
        if old_size in (0, size):
            return []
        return self._subproof(old_size, 0, size, known=True)

    def multi_proof(self, indexes: Sequence[int], size: int | None = None) -> list[bytes]:
        """One proof for many leaves (`indexes` ascending, no repeats): roots of the subtrees that hold none of them.

        In order of place from left to right, as few as can be: a reader who has the leaves needs nothing else.
        """
        size = self._checked_size(size)
        if any(first >= second for first, second in pairwise(indexes)):
            msg = "leaves of a proof are named in order, each once"
            raise ValueError(msg)
        if not indexes or indexes[0] < 0 or indexes[-1] >= size:
            msg = f"not all of these leaves are in a tree of {size}"
            raise ValueError(msg)
        proof: list[bytes] = []
        self._add_siblings(indexes, 0, size, 0, len(indexes), proof)
        return proof

    def _add_siblings(
        self, indexes: Sequence[int], start: int, end: int, low: int, high: int, proof: list[bytes]
    ) -> None:
        if low == high:
            proof.append(self._range_root(start, end))
        elif high - low < end - start:
            middle = start + _split(end - start)
            cut = bisect_left(indexes, middle, low, high)
            self._add_siblings(indexes, start, middle, low, cut, proof)
            self._add_siblings(indexes, middle, end, cut, high, proof)

    def _checked_size(self, size: int | None) -> int:
        if size is None:
            return len(self)
        if not 0 <= size <= len(self):
            msg = f"the tree has {len(self)} leaves, not {size}"
            raise ValueError(msg)
        return size

    def node(self, level: int, index: int) -> bytes:
        """Root of the complete subtree of 2 ** `level` leaves that is number `index` from the left."""
        return bytes(self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def _range_root(self, start: int, end: int) -> bytes:
        count = end - start
        if count.bit_count() == 1:
            level = count.bit_length() - 1
            return self.node(level, start >> level)
        middle = start + _split(count)
        return self.digest.node(self._range_root(start, middle), self._range_root(middle, end))

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._range_root(middle, end)]
        return [*self._path(index, middle, end), self._range_root(start, middle)]

    def _subproof(self, old_end: int, start: int, end: int, *, known: bool) -> list[bytes]:
        if old_end == end:
            return [] if known else [self._range_root(start, end)]
        middle = start + _split(end - start)
        if old_end <= middle:
            return [*self._subproof(old_end, start, middle, known=known), self._range_root(middle, end)]
        return [*self._subproof(old_end, middle, end, known=False), self._range_root(start, middle)]


def _split(count: int) -> int:
    """The largest power of two below `count` (2 or more)."""
    return 1 << (count - 1).bit_length() - 1


def verify_consistency(
    old_size: int,
    old_root: bytes,
    size: int,
    root: bytes,
    proof: Sequence[bytes],
    digest: Digest = SHA256,
) -> bool:
    """Whether `proof` shows that the tree (`size`, `root`) extends the tree (`old_size`, `old_root`) unchanged."""
    if not 0 <= old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    if old_size == 0:
        return not proof and old_root == digest.empty_root
    hashes = list(proof)
    if old_size.bit_count() == 1:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_node = node = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_node = digest.node(sibling, old_node)
            node = digest.node(sibling, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = digest.node(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old_node == old_root and node == root
