"""What the source has to look like."""
