"""How many tokens a text is: counted by the model's own vocabulary where it lies here, else
estimated."""

from roadworthy.models.tokens.counting import TokenCounter, counter_of
from roadworthy.models.tokens.estimate import estimate_tokens

__all__ = ["TokenCounter", "counter_of", "estimate_tokens"]
