"""Bridges to what others have: each one in its own folder, with its own extra to install."""
