"""The regulation, clause by clause: each test reads like its clause and carries its id.

`@pytest.mark.clause("C4.1-01")` says which clause a test shows to work; the first line of its docstring says what
the service does about it. `docs/clauses.md` is made from both.
"""
