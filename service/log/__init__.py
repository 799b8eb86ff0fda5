"""The log of every county: append, read, prove, verify, sign."""
