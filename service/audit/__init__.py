"""Audit of care: the trail of a person's tenure, and the pack that proves it."""
