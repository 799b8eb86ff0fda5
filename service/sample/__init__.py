"""A sample county on top of the real divisions: synthetic people and assets, deterministic from a seed."""
