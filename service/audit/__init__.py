"""What was in whose care, and what happened to it: the trail of a person's tenure, and the pack that proves it."""
