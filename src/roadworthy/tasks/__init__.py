"""Tasks: their files, prompts and schemas, and the snapshot that gateways serve from."""

from roadworthy.tasks.cases import Case, Suite
from roadworthy.tasks.constraints import ConstraintSet
from roadworthy.tasks.definition import (
    ConstraintDefinition,
    RepairLevel,
    Snapshot,
    StreamMode,
    TaskDefinition,
    Template,
    VersionIndex,
)
from roadworthy.tasks.digest import content_digest, definition_digest
from roadworthy.tasks.examples import Example
from roadworthy.tasks.fields import (
    conversation_field,
    input_fields,
    required_names,
    single_text_field,
)
from roadworthy.tasks.gate import Gate
from roadworthy.tasks.messages import input_from_messages
from roadworthy.tasks.project import (
    PROJECT_FILE,
    Project,
    find_project,
    load_installation,
    load_project,
    survey_project,
)
from roadworthy.tasks.prompt import CompiledPrompt
from roadworthy.tasks.ruleset import RuleSet, Ruling
from roadworthy.tasks.snapshot import (
    SnapshotWatcher,
    build_snapshot,
    read_snapshot,
    with_models,
    with_revision,
    write_snapshot,
)
from roadworthy.tasks.stamp import project_stamp
from roadworthy.tasks.task_file import is_task_name

__all__ = [
    "PROJECT_FILE",
    "Case",
    "CompiledPrompt",
    "ConstraintDefinition",
    "ConstraintSet",
    "Example",
    "Gate",
    "Project",
    "RepairLevel",
    "RuleSet",
    "Ruling",
    "Snapshot",
    "SnapshotWatcher",
    "StreamMode",
    "Suite",
    "TaskDefinition",
    "Template",
    "VersionIndex",
    "build_snapshot",
    "content_digest",
    "conversation_field",
    "definition_digest",
    "find_project",
    "input_fields",
    "input_from_messages",
    "is_task_name",
    "load_installation",
    "load_project",
    "project_stamp",
    "read_snapshot",
    "required_names",
    "single_text_field",
    "survey_project",
    "with_models",
    "with_revision",
    "write_snapshot",
]
