"""The registry, keys and cases over HTTP, and what is checked of what comes in."""
