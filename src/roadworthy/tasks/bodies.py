"""From a task's folder to its definition, whatever its body is.

Called by `roadworthy.tasks.project`, for each task after those that it runs.
"""

from __future__ import annotations

from roadworthy.tasks.cases import Suite
from roadworthy.tasks.chain_task import ChainLoading
from roadworthy.tasks.loading import LoadedTask, Loading, TaskSources
from roadworthy.tasks.prompt_task import PromptLoading
from roadworthy.tasks.rules_task import RulesLoading, rules_alone
from roadworthy.tasks.task_file import WrittenTask

__all__ = ["load_task"]


def load_task(written: WrittenTask, sources: TaskSources) -> LoadedTask:
    """The task, or everything that is wrong with it; neither, where only tasks that it runs are
    at fault."""
    document = written.document
    if document is None or document.value is None:
        return LoadedTask(None, Suite(), written.faults)
    body: type[Loading] = PromptLoading
    if document.data.keys() & {"step", "steps"}:  # of the slip, only itself is told
        body = ChainLoading
    elif rules_alone(written.name, sources.project):
        body = RulesLoading
    loading = body(written.name, document, document.value, sources)
    definition = loading.run()
    return LoadedTask(definition, loading.suite, loading.faults, tuple(loading.judges))
