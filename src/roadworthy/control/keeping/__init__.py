"""The keeper's process: what it does for ever, what it has gateways serve, where it is found."""
