"""`roadworthy serve`: the supervisor and its children."""
