"""What the domain decides."""
