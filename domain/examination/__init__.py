"""History judged again: the commands behind an asset's events, put anew under the rules of each day."""
