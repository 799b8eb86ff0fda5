"""Joint reviews, seals, and the rows that a seal covers."""
