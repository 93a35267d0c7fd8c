"""Tasks: their files, prompts and schemas, and the snapshot that gateways serve from."""

from roadworthy.tasks.definition import RepairLevel, Snapshot, StreamMode, TaskDefinition, Template

__all__ = ["RepairLevel", "Snapshot", "StreamMode", "TaskDefinition", "Template"]
