"""Several answers to one call: the majority by field, or a judge's favourite."""
