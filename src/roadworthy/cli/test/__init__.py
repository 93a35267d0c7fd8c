"""`roadworthy test`: cases against working copies and versions, and two of them side by side."""
