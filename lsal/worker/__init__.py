"""The process that does long work: one act of one job, with progress and cancel."""
