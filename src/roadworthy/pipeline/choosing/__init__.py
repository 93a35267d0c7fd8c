"""Closed fields by their likelihood, in place of what a model writes."""
