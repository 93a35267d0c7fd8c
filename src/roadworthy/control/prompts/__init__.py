"""The pages of tasks' versions, channels, tests and blocks, and the playground."""
