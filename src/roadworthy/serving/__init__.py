"""The data plane: the OpenAI and the task surface over the pipeline."""
