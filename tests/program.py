"""`python -m tests.program ARGUMENTS`: the command line `taizhang` in a process of its own, on the tests' day."""

from __future__ import annotations

from service.cli.main import main
from tests import clock, contract

if __name__ == "__main__":
    clock.install()
    contract.install()
    main()
