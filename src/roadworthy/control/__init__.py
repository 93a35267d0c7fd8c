"""The control plane: the keeper, its API and its pages."""

from roadworthy.control.app import create_app
from roadworthy.control.source import CallSource, GatewayStatus, ServedTask, Status

__all__ = ["CallSource", "GatewayStatus", "ServedTask", "Status", "create_app"]
