"""Procedures (程序): a matter on its way through an approval chain; meetings, notices, subjects."""
