"""Benchmarks: figures against peers, measured side by side in one run. Not tests; nothing fails by being slow."""
