"""The control plane: the keeper, its API and its pages."""
