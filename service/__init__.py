"""The running service: log, commands, HTTP, command line."""
