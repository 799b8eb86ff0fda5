"""Income of village collectives: what posts by itself, and what of a plan is found in the log (四(九))."""
