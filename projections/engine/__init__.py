"""The engine of all ledgers: projections, rows, events, questions, past moments, differences."""
