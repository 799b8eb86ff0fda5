"""Ledgers of the income of village collectives (四(九))."""
