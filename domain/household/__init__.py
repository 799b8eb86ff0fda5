"""Household assets (到户类资产): registered and looked after, never managed."""
