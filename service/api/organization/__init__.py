"""Divisions, units, persons and their duties over HTTP."""
