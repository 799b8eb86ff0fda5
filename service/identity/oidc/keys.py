"""The provider's public keys (JWKS), and which of them may have signed a token.

Only keys of signatures count: asymmetric ones, of a strength that is believed, not given for encryption, without their
private half. A key is found by the `kid` and algorithm of a token; where two different keys would do, none does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, RSAKey
from joserfc.jws import JWSRegistry

SIGNING: Final = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512"),
        "EdDSA",
        "Ed25519",
    }
)
"""Algorithms by which nobody but the holder of a private key can sign."""

MOST_KEYS: Final = 64
"""Entries of a set; a longer one is not read."""
_LEAST_RSA_BITS: Final = 2048
_RSA_DIGITS: Final = range(342, 1367)
"""Characters of a modulus of 2048 to 8192 bits."""
_PARAMETERS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CURVES: Final = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("Ed25519", "Ed448")}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class Registry(JWSRegistry):
    """Joserfc's algorithms as far as they are allowed here: an empty list allows none, and EdDSA is not warned about."""

    max_header_length = 4096

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(algorithms=allowed, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """The algorithm of a name; `UnsupportedAlgorithmError` of the library where it is not allowed."""
        return self.algorithms[name] if name in (self.allowed or ()) else super().get_alg("not allowed")


@dataclass(frozen=True, slots=True)
class _ListedKey:
    kid: str | None
    thumbprint: str
    key: Key


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The believed keys of a set, and by which algorithms."""

    entries: tuple[_ListedKey, ...]
    registry: Registry

    def find(self, kid: str | None, algorithm: str) -> Key | None:
        """The one key that can have signed this; None when there is none or more than one."""
        fitting = {
            entry.thumbprint: entry.key
            for entry in self.entries
            if kid in (None, entry.kid) and self._fits(entry.key, algorithm)
        }
        return next(iter(fitting.values())) if len(fitting) == 1 else None

    def _fits(self, key: Key, algorithm: str) -> bool:
        try:
            self.registry.get_alg(algorithm).check_key(key)
        except JoseError:
            return False
        return True


def read_keys(document: Mapping[str, Any], registry: Registry) -> KeyRing:
    """The believed keys of a JWKS; ValueError where it is none. What is no key of ours in it is left out (RFC 7517, 5)."""
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f"no set of at most {MOST_KEYS} keys")
    entries = [one for one in listed if isinstance(one, dict)]
    use_told = any(one.get("use") == "enc" for one in entries)
    return KeyRing(
        tuple(found for one in entries if (found := _read(one, use_told=use_told)) is not None), registry
    )


def _read(entry: Mapping[str, Any], *, use_told: bool) -> _ListedKey | None:
    """`use_told`: the set has keys of encryption, so one of signatures says that it is one (OpenID Discovery, 3)."""
    kind, kid, operations = entry.get("kty"), entry.get("kid"), entry.get("key_ops", ["verify"])
    if kind not in ("RSA", "EC", "OKP") or _PRIVATE & entry.keys():
        return None
    if entry.get("use", None if use_told else "sig") != "sig":
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    told = {name: entry.get(name) for name in ("kty", *_PARAMETERS[kind], *({"alg"} & entry.keys()))}
    if not all(isinstance(value, str) for value in told.values()) or not isinstance(kid, str | None):
        return None
    if kind == "RSA" and len(cast("str", told["n"])) not in _RSA_DIGITS:
        return None
    if kind != "RSA" and told["crv"] not in _CURVES[kind]:
        return None
    try:
        key = JWKRegistry.import_key(cast("dict[str, str | list[str]]", told))
    except (JoseError, ValueError):
        return None
    if isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS:
        return None
    return _ListedKey(kid, key.thumbprint(), key)
