"""What is used of langchain-core, and what is said where it is not installed."""

from __future__ import annotations

try:
    from langchain_core.documents import Document
    from langchain_core.messages import BaseMessage, convert_to_openai_messages
    from langchain_core.prompt_values import PromptValue
    from langchain_core.runnables import (
        ConfigurableFieldSpec,
        Runnable,
        RunnableConfig,
        ensure_config,
    )
except ImportError as error:
    raise ImportError(
        "roadworthy.integrations.langchain needs langchain-core:"
        " pip install 'roadworthy[langchain]'"
    ) from error

__all__ = [
    "BaseMessage",
    "ConfigurableFieldSpec",
    "Document",
    "PromptValue",
    "Runnable",
    "RunnableConfig",
    "convert_to_openai_messages",
    "ensure_config",
]
