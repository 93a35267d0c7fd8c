"""Who may come in, and as whom: keys, sessions, the tokens of forms, host and origin."""
