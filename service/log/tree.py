"""The Merkle tree of a county's log, read from the database only as far as proofs need it.

Complete blocks of 256 events have their roots kept in `log_block`; of all other blocks no leaf is read. The roots are
a cache: they are made from the stored leaves when first needed, and a tree that does not end in the root of the log's
head is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from service.algorithms.digests import HASH_BYTES, SHA256, Digest, digest_of
from service.log.merkle import Tree

_BLOCK_LEVEL: Final = 8
BLOCK: Final = 1 << _BLOCK_LEVEL
"""Events in a block."""
_AT_ONCE: Final = 400
"""Blocks whose leaves are fetched together: 3 MB."""

_ROOTS: Final = "SELECT block, root FROM log_block WHERE county = $1 AND block < $2 ORDER BY block"
_LEAVES: Final = """
SELECT (position - 1) / 256 AS block, string_agg(leaf, ''::bytea ORDER BY position) AS leaves
FROM event WHERE county = $1 AND (position - 1) / 256 = ANY($2::bigint[])
AND position > $3 AND position <= $4 GROUP BY 1"""
_KEEP: Final = """
INSERT INTO log_block (county, block, root) SELECT $1, * FROM unnest($2::bigint[], $3::bytea[])
ON CONFLICT DO NOTHING"""


_CHANGED: Final = """
SELECT position FROM event WHERE county = $1 AND position <= $2 AND leaf <> sha256('\\x00'::bytea || body)
ORDER BY position LIMIT 1"""
_BODIES: Final = (
    "SELECT position, body, leaf FROM event WHERE county = $1 AND position <= $2 ORDER BY position"
)


class LogTreeWrong(Exception):  # noqa: N818  names a state
    """The stored leaves do not make the root that the log's head has: `taizhang verify` says where."""


class LogTree(Tree):
    """A tree of `size` leaves of which some blocks are in memory. Proofs about leaves elsewhere raise `KeyError`."""

    def __init__(
        self, size: int, roots: Iterable[bytes], leaves: Mapping[int, bytes], digest: Digest
    ) -> None:
        super().__init__(digest=digest)
        self._size = size
        self._roots = Tree(roots, digest)
        self._blocks = {block: Tree(_cut(found), digest) for block, found in leaves.items()}

    def __len__(self) -> int:
        return self._size

    def node(self, level: int, index: int) -> bytes:
        """The same as of any tree, from the roots of blocks or from a block that is here."""
        if level >= _BLOCK_LEVEL:
            return self._roots.node(level - _BLOCK_LEVEL, index)
        block = index >> (_BLOCK_LEVEL - level)
        return self._blocks[block].node(level, index - (block << (_BLOCK_LEVEL - level)))


def _cut(leaves: bytes) -> list[bytes]:
    return [leaves[start : start + HASH_BYTES] for start in range(0, len(leaves), HASH_BYTES)]


async def load_tree(
    connection: Any,
    county: str,
    size: int,
    *,
    positions: Iterable[int] = (),
    sizes: Iterable[int] = (),
    roots: list[bytes] | None = None,
) -> LogTree:
    """The tree of the first `size` events, ready for proofs about these positions and consistency with these sizes.

    `roots`: those of the complete blocks, where they were just recomputed.
    """
    digest = await digest_of(connection, county)
    if roots is None:
        roots = await _block_roots(connection, county, size // BLOCK, digest)
    wanted = {(position - 1) // BLOCK for position in positions}
    for one in (size, *sizes):  # a tree's right edge may lie inside a block
        wanted |= {one // BLOCK, max(one - 1, 0) // BLOCK}
    blocks = sorted(block for block in wanted if block * BLOCK < size)
    leaves: dict[int, bytes] = {}
    for start in range(0, len(blocks), _AT_ONCE):
        leaves |= await _leaves(connection, county, blocks[start : start + _AT_ONCE], size)
    tree = LogTree(size, roots, leaves, digest)
    await _check(connection, county, tree)
    return tree


async def recompute_tree(
    connection: Any, county: str, size: int, *, positions: Iterable[int] = (), sizes: Iterable[int] = ()
) -> LogTree:
    """The same tree from the events' bytes: no leaf and no root that is kept is believed.

    `LogTreeWrong` names the first event whose bytes do not make its leaf, or the first block whose root is kept wrong.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        digest = await digest_of(connection, county)
        changed = await _changed(connection, county, size, digest)
        if changed is not None:
            raise LogTreeWrong(f"event {changed} of log {county} is not what its hash says")
        roots = await _fresh_roots(connection, county, size // BLOCK, digest)
        kept = {row["block"]: row["root"] for row in await connection.fetch(_ROOTS, county, len(roots))}
        wrong = next((block for block, root in kept.items() if roots[block] != root), None)
        if wrong is not None:
            first, last = wrong * BLOCK + 1, (wrong + 1) * BLOCK
            raise LogTreeWrong(f"events {first} to {last} of log {county} do not make the root kept of them")
        return await load_tree(connection, county, size, positions=positions, sizes=sizes, roots=roots)


async def _changed(connection: Any, county: str, size: int, digest: Digest) -> int | None:
    """The first event whose bytes do not make its leaf. SHA-256 the database knows itself."""
    if digest is SHA256:
        found: int | None = await connection.fetchval(_CHANGED, county, size)
        return found
    async for row in connection.cursor(_BODIES, county, size, prefetch=2_000):
        if digest.leaf(row["body"]) != row["leaf"]:
            return int(row["position"])
    return None


async def _fresh_roots(connection: Any, county: str, complete: int, digest: Digest) -> list[bytes]:
    """Roots of the complete blocks, made from the leaves."""
    roots: list[bytes] = []
    for start in range(0, complete, _AT_ONCE):
        blocks = list(range(start, min(start + _AT_ONCE, complete)))
        leaves = await _leaves(connection, county, blocks, complete * BLOCK)
        roots += [Tree(_cut(leaves[block]), digest).root() for block in blocks]
    return roots


async def _block_roots(connection: Any, county: str, complete: int, digest: Digest) -> list[bytes]:
    rows = await connection.fetch(_ROOTS, county, complete)
    roots = [row["root"] for row in rows]
    if roots and rows[-1]["block"] != len(roots) - 1:
        raise LogTreeWrong(
            f"the roots of some blocks of log {county} are missing: delete the rest of log_block"
        )
    for start in range(len(roots), complete, _AT_ONCE):
        blocks = list(range(start, min(start + _AT_ONCE, complete)))
        leaves = await _leaves(connection, county, blocks, complete * BLOCK)
        made = [Tree(_cut(leaves[block]), digest).root() for block in blocks]
        await connection.execute(_KEEP, county, blocks, made)
        roots += made
    return roots


async def _leaves(connection: Any, county: str, blocks: list[int], size: int) -> dict[int, bytes]:
    first, last = blocks[0] * BLOCK, min((blocks[-1] + 1) * BLOCK, size)
    rows = await connection.fetch(_LEAVES, county, blocks, first, last)
    found = {row["block"]: row["leaves"] for row in rows}
    for block in blocks:
        due = min(BLOCK, size - block * BLOCK)
        if len(found.get(block, b"")) != due * HASH_BYTES:
            raise LogTreeWrong(f"events are missing between {block * BLOCK + 1} and {block * BLOCK + due}")
    return found


async def _check(connection: Any, county: str, tree: LogTree) -> None:
    """At the size of the head, the root is the head's."""
    root = await connection.fetchval(
        "SELECT root FROM log_head WHERE county = $1 AND position = $2", county, len(tree)
    )
    if root is not None and root != tree.root():
        raise LogTreeWrong(f"the leaves of log {county} do not make the root of its head at {len(tree)}")
