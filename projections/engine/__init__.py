"""What every ledger is made with: projections, rows, events, questions, past moments, differences."""
