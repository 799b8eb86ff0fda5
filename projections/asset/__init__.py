"""Ledgers of managed assets: register, timeline, income, duties, risks, goals."""
