"""Income of village collectives over HTTP (四(九))."""
