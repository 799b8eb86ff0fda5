"""Questions to the ledgers of assets."""
