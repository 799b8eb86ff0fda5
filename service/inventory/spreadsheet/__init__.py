"""Spreadsheets of clerks: read into typed rows without guessing, and written back with the reasons beside each row.

`container` keeps hostile files out, `grid` reads cells, `headers` finds which column means what, `cells` reads single
values, `ledger` puts rows together, `template` and `report` write workbooks.
"""
