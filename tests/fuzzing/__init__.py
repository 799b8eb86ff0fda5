"""Requests that a tool makes up from the description of the interface (schemathesis), and what it is told about a county."""
