"""Storage: the journal, its loader, the database, its queries.

What gateways use is re-exported here. The keeper imports the rest by module
(`roadworthy.storage.database`, `.loader`, `.queries`, `.retention`), because it costs the import
of SQLAlchemy.
"""

from roadworthy.storage.folder import StateFolder
from roadworthy.storage.journal import JournalWriter, Loss
from roadworthy.storage.locks import keeper_lock
from roadworthy.storage.reader import JournalReader, Record, read_records
from roadworthy.storage.views import (
    CallFilter,
    CallPage,
    CallRow,
    CallTree,
    Figures,
    Overview,
    RuleFigures,
    StoredCall,
    TaskFigures,
    TaskRuleFigures,
)

__all__ = [
    "CallFilter",
    "CallPage",
    "CallRow",
    "CallTree",
    "Figures",
    "JournalReader",
    "JournalWriter",
    "Loss",
    "Overview",
    "Record",
    "RuleFigures",
    "StateFolder",
    "StoredCall",
    "TaskFigures",
    "TaskRuleFigures",
    "keeper_lock",
    "read_records",
]
