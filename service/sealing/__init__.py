"""Seals, years sealed at once, and handover certificates."""
