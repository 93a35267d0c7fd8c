"""Published test doubles."""
