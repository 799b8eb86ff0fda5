"""The ledger of revitalisation cases."""
