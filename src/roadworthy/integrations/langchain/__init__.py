"""LangChain's Runnable interface over tasks and chains of tasks."""

from roadworthy.integrations.langchain.retrying import PASSING_ERRORS
from roadworthy.integrations.langchain.runnable import TaskRunnable

__all__ = ["PASSING_ERRORS", "TaskRunnable"]
