"""The second factor: time-based one-time passwords (RFC 6238), each good once, the clock of a telephone one step off at most."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final

import pyotp

STEP: Final = 30
"""Seconds that a code is good for."""
DRIFT: Final = 1
"""Steps that a telephone's clock may be off."""


def new_secret() -> str:
    """A secret of 160 bits, in base32 as authenticator programs take it."""
    return pyotp.random_base32()


def address_of(secret: str, login: str, county: str) -> str:
    """What the QR code of an authenticator program holds (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=f"{login}@{county}", issuer_name="Taizhang 台账")


def step_of(secret: str, code: str, after: int, now: datetime) -> int | None:
    """The step that this code is of, later than `after`; None for a wrong or used one."""
    totp, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    for step in range(current - DRIFT, current + DRIFT + 1):
        if step > after and hmac.compare_digest(totp.generate_otp(step), code):
            return step
    return None
