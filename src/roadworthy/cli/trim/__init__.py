"""`roadworthy trim`: the smallest prompt that answers as well."""
