"""Divisions, units and persons: who exists, who holds which post, what units have in place."""
