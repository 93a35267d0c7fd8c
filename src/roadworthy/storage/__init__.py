"""Storage: the journal, its loader, the database, its queries."""
