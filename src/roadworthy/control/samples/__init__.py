"""Installations of given values, for tests and for looking at pages."""
