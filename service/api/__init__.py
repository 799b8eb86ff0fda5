"""The HTTP interface: a folder per subject, one router per resource; `app` puts them together."""
