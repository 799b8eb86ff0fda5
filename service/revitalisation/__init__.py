"""Revitalisation (盘活): cases opened one at a time for an asset, and the detection that opens them for a day."""
