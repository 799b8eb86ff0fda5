"""The common ground of all requests over HTTP."""
