"""Health, keys, operations, policy and the regulation over HTTP."""
