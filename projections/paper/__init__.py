"""The ledger of papers: which events name which paper."""
