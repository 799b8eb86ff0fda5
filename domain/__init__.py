"""The regulation and the things it governs: aggregates, their events, and the rules that judge them.

Pure: no input or output, no clock, no randomness, no settings. Dates and rules come in as arguments.
"""
