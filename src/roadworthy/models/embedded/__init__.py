"""The embedded model: SmolLM2 on llama.cpp in a child process of its own."""

from roadworthy.models.embedded.install import InstallReport, install_local_model
from roadworthy.models.embedded.locate import is_installed, locate_model
from roadworthy.models.embedded.process import LocalModel, LocalModelSource

__all__ = [
    "InstallReport",
    "LocalModel",
    "LocalModelSource",
    "install_local_model",
    "is_installed",
    "locate_model",
]
