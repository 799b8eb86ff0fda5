"""The procedures ledger and the public notice board."""
