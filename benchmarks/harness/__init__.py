"""What the benchmarks share: the canned upstream, load, processes, environments, tables."""
