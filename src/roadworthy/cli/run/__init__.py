"""`roadworthy run`: tasks in this process, one input or a file of them."""
