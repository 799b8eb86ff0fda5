"""Ledgers of leaving office: custody, departure cases, clearance."""
