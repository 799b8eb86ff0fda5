"""`python -m tests.program ARGUMENTS`: the command line `taizhang` in a process of its own, on the tests' day."""

from __future__ import annotations

from service.cli.main import main
from tests import clock

if __name__ == "__main__":
    clock.install()
    main()
