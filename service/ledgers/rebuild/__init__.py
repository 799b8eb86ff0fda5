"""Rebuilds ledgers from the log beside the live ones: replay, catch up, compare, swap, keep the old one for a while.

The shadow tables lie in a schema of their own and are filled by the very functions that run live, in big batches, with
indexes built at the end. What is compared are digests of live and shadow at the same position. The swap moves tables
between schemas in one transaction that holds the checkpoints, so that no live runner can write meanwhile; its term
(epoch) ends there. Work goes on while events are appended and while live runners of any process run. Whoever is killed
leaves a row in `projection_rebuild` and half-filled shadow tables, and the next rebuild goes on from there.

A rebuild is read from `run` on: `plan` what is asked and what came of it, `claims` who may write, `shadow_tables` what is
filled and `shadow_writer` how; `sharing` divides the streams among processes by `ranges`, `streams` folds them, `replay` goes on by
position; `comparison` with the live tables, `swap` of the two, `previous` what it left behind; `workers` are the processes.

Memory is bounded by `RebuildLimits`. Streams are folded some at a time, and their rows written and forgotten; by position rows are
flushed beyond a limit, and loaded again where an event needs them.
"""
