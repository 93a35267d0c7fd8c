"""Chains: steps read from `task.toml`, the paths that wire them, and what these may carry."""
