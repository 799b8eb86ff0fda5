"""Income of village collectives: the sub-account it lies on, and the plans by which it is used (四(九))."""
