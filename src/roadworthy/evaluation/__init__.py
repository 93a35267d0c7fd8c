"""Evaluation: what answers are worth, and how tests of tasks run."""
