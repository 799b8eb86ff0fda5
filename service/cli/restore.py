"""`taizhang restore`: see `service.cli.backup`."""

from __future__ import annotations

from service.cli.backup import restoring as app

__all__ = ["app"]
