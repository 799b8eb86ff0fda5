"""Sealed ledgers: a unit's year, and the county's joint review."""
