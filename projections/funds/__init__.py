"""The fund ledger and the questions to it."""
