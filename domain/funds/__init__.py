"""Funds (资金): what was allocated, and how each unit's year agrees with its assets."""
