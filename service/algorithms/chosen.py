"""Which algorithms a county keeps its log with: a digest and a signature algorithm, named digest+signature.

The digest is settled by the log's first event and recorded in its head and in all that is signed; another one in the
settings is refused. The signature algorithm is that of the next key that is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from service.algorithms.digests import DIGESTS, SHA256, Digest
from service.algorithms.signers import ED25519, SIGNATURES, SignatureAlgorithm


@dataclass(frozen=True, slots=True)
class Algorithms:
    """A digest and a signature algorithm."""

    digest: Digest = SHA256
    signature: SignatureAlgorithm = ED25519

    def __str__(self) -> str:
        return f"{self.digest.name}+{self.signature.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`; ValueError names what is known."""
        digest, _, signature = text.partition("+")
        if digest not in DIGESTS or signature not in SIGNATURES:
            known = " or ".join(f"{one}+{other}" for one in DIGESTS for other in SIGNATURES)
            raise ValueError(f"{text!r} names no algorithms: {known}")
        return cls(DIGESTS[digest], SIGNATURES[signature])


USUAL: Final = Algorithms()
"""What a county uses that has chosen nothing."""


@dataclass(frozen=True, slots=True)
class ChosenAlgorithms:
    """Algorithms that the settings choose: for counties by name, and for all others. Nothing is said about a county:
    its log decides.
    """

    by_county: Mapping[str, Algorithms] = field(default_factory=dict)
    others: Algorithms | None = None

    def of(self, county: str) -> Algorithms | None:
        """What was chosen for a county; None if nothing was."""
        return self.by_county.get(county, self.others)

    def for_new(self, county: str) -> Algorithms:
        """What a county begins with."""
        return self.of(county) or USUAL

    @classmethod
    def parse(cls, entries: tuple[str, ...]) -> Self:
        """From entries: `sm3+ed25519` for all counties, `653022=sm3+ed25519` for one. ValueError."""
        by_county: dict[str, Algorithms] = {}
        others: Algorithms | None = None
        for entry in entries:
            county, equals, named = entry.rpartition("=")
            if not equals and others is None:
                others = Algorithms.parse(named)
            elif equals and len(county) == 6 and county.isdecimal() and county not in by_county:
                by_county[county] = Algorithms.parse(named)
            else:
                raise ValueError(f"{entry!r} is not digest+signature or county=digest+signature, each once")
        return cls(by_county, others)


def refused_digest(chosen: ChosenAlgorithms, county: str, digest: Digest) -> str | None:
    """Why a log of this digest cannot be kept with what was chosen, in one sentence; None: it can."""
    wanted = chosen.of(county)
    if wanted is None or wanted.digest is digest:
        return None
    return (
        f"it was begun with {digest.name} and keeps it, but TAIZHANG_ALGORITHMS says {wanted}: a log's digest never"
        f" changes; name {digest.name}+{wanted.signature.name} for {county} or leave the county out"
    )
