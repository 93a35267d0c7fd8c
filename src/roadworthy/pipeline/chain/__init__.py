"""Chains as they are served: steps side by side, each a call of its own, under one budget."""
