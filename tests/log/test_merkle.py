"""The tree is RFC 6962's: published vectors, and the RFC's own recursive definitions beside ours."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from service.algorithms.digests import SHA256
from service.log.merkle import Frontier, Tree, verify_consistency
from tests.proofs import verify_inclusion

# Inputs and roots that implementations of Certificate Transparency publish for interoperability.
PUBLISHED_INPUTS = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
PUBLISHED_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def split(count: int) -> int:
    """The RFC's k: the largest power of two smaller than n."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def mth(entries: list[bytes]) -> bytes:
    """MTH(D[n]), section 2.1, word by word."""
    if not entries:
        return SHA256.empty_root
    if len(entries) == 1:
        return SHA256.leaf(entries[0])
    k = split(len(entries))
    return SHA256.node(mth(entries[:k]), mth(entries[k:]))


def path(index: int, entries: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), section 2.1.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if index < k:
        return [*path(index, entries[:k]), mth(entries[k:])]
    return [*path(index - k, entries[k:]), mth(entries[:k])]


def subproof(old: int, entries: list[bytes], *, complete: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), section 2.1.2."""
    if old == len(entries):
        return [] if complete else [mth(entries)]
    k = split(len(entries))
    if old <= k:
        return [*subproof(old, entries[:k], complete=complete), mth(entries[k:])]
    return [*subproof(old - k, entries[k:], complete=False), mth(entries[:k])]


def entries_of(count: int) -> list[bytes]:
    """Distinct entries."""
    return [b"entry %d" % number for number in range(count)]


def tree_of(count: int) -> Tree:
    """Their tree."""
    return Tree(SHA256.leaf(entry) for entry in entries_of(count))


@pytest.mark.parametrize("size", range(len(PUBLISHED_ROOTS)))
def test_roots_are_the_published_ones(size: int) -> None:
    leaves = [SHA256.leaf(entry) for entry in PUBLISHED_INPUTS[:size]]
    assert Frontier().extended(leaves).root().hex() == PUBLISHED_ROOTS[size]
    assert Tree(leaves).root().hex() == PUBLISHED_ROOTS[size]


@pytest.mark.parametrize("size", [*range(1, 35), 63, 64, 65, 100])
def test_roots_and_proofs_are_the_rfcs(size: int) -> None:
    entries = entries_of(size)
    tree = tree_of(size)
    root = mth(entries)
    assert tree.root() == root
    for index in range(size):
        proof = tree.inclusion_proof(index)
        assert proof == path(index, entries)
        assert verify_inclusion(SHA256.leaf(entries[index]), index, size, proof, root)
    for old in range(1, size + 1):
        proof = tree.consistency_proof(old)
        assert proof == (subproof(old, entries, complete=True) if old < size else [])
        assert verify_consistency(old, mth(entries[:old]), size, root, proof)


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_frontier_grows_in_any_steps_to_the_same_tree(first: int, second: int) -> None:
    leaves = [SHA256.leaf(entry) for entry in entries_of(first + second)]
    stepwise = Frontier.from_bytes(Frontier().extended(leaves[:first]).to_bytes()).extended(leaves[first:])
    assert stepwise == Frontier().extended(leaves)
    assert stepwise.root() == Tree(leaves).root()
    assert Tree(leaves).root(first) == Frontier().extended(leaves[:first]).root()


@given(st.data())
def test_no_other_leaf_place_size_or_root_passes(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    tree = tree_of(size)
    leaf, root, proof = SHA256.leaf(entries_of(size)[index]), tree.root(), tree.inclusion_proof(index)
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
    assert not verify_inclusion(SHA256.leaf(b"another"), index, size, proof, root)
    assert not verify_inclusion(leaf, other, size, proof, root)
    assert not verify_inclusion(leaf, index, size, proof, tree.root(size - 1))
    assert not verify_inclusion(leaf, index, size, proof[:-1], root)
    assert not verify_inclusion(leaf, index, size, [*proof, root], root)
    assert not verify_inclusion(leaf, size, size, proof, root)
    assert not verify_inclusion(leaf, -1, size, proof, root)
    place = data.draw(st.integers(0, len(proof) - 1))
    changed = [*proof[:place], SHA256.leaf(b"another"), *proof[place + 1 :]]
    assert not verify_inclusion(leaf, index, size, changed, root)


@given(st.data())
def test_no_rewritten_past_passes_for_consistent(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    old = data.draw(st.integers(1, size - 1))
    tree = tree_of(size)
    proof = tree.consistency_proof(old)
    changed = data.draw(st.integers(0, old - 1))
    entries = entries_of(size)
    entries[changed] = b"rewritten"
    rewritten = Tree(SHA256.leaf(entry) for entry in entries)
    assert not verify_consistency(old, rewritten.root(old), size, tree.root(), proof)
    assert not verify_consistency(
        old, tree.root(old), size, rewritten.root(), rewritten.consistency_proof(old)
    )
    assert not verify_consistency(old, tree.root(old), size, tree.root(), proof[:-1])
    assert not verify_consistency(old, tree.root(old), size, tree.root(), [*proof, proof[-1]])
    assert not verify_consistency(size, tree.root(), old, tree.root(old), proof)


def test_the_empty_tree_is_consistent_with_every_later_one() -> None:
    tree = tree_of(5)
    assert tree.consistency_proof(0) == []
    assert verify_consistency(0, SHA256.empty_root, 5, tree.root(), [])
    assert not verify_consistency(0, tree.root(), 5, tree.root(), [])
    assert verify_consistency(5, tree.root(), 5, tree.root(), [])
    assert not verify_consistency(5, tree.root(4), 5, tree.root(), [])


@pytest.mark.parametrize("stored", [b"", b"\x00" * 7, b"\x00" * 9, b"\x00" * 7 + b"\x03" + b"\x00" * 32])
def test_bytes_that_are_no_frontier_are_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r"frontier|peaks"):
        Frontier.from_bytes(stored)


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 9), (0, 0)])
def test_proofs_for_what_the_tree_does_not_hold_are_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"tree"):
        tree_of(8).inclusion_proof(index, size)
    with pytest.raises(ValueError, match=r"tree"):
        tree_of(8).consistency_proof(9)
