"""The inventory ledger: batches and stocktakes."""
