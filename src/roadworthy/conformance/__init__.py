"""Conformance: from what a model wrote to a value that satisfies its schema, or an error."""
