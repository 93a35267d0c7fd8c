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
    Figures,
    Overview,
    StoredCall,
    TaskFigures,
)

__all__ = [
    "CallFilter",
    "CallPage",
    "CallRow",
    "Figures",
    "JournalReader",
    "JournalWriter",
    "Loss",
    "Overview",
    "Record",
    "StateFolder",
    "StoredCall",
    "TaskFigures",
    "keeper_lock",
    "read_records",
]
