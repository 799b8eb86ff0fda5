"""The command line `taizhang`: one file per command."""
