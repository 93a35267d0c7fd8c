"""The words of Roadworthy as types: calls, errors, ids, time, money. Imports no other floor."""

from roadworthy.core.call import (
    ANSWERED,
    UNCOUNTED,
    Attempt,
    Call,
    CallError,
    Message,
    Mode,
    Outcome,
    Reason,
    ReasonKind,
    Repair,
    Stage,
    StopReason,
    Surface,
    Violation,
)
from roadworthy.core.clock import Clock, SystemClock
from roadworthy.core.ids import new_id, time_of_id_us
from roadworthy.core.money import NUSD_PER_USD, Price, Usage, cost_nusd, format_usd
from roadworthy.core.secret import Secret
from roadworthy.core.settings import (
    ChannelSettings,
    DefaultSettings,
    EnvironmentSettings,
    LimitSettings,
    RecordSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)

__all__ = [
    "ANSWERED",
    "NUSD_PER_USD",
    "UNCOUNTED",
    "Attempt",
    "Call",
    "CallError",
    "ChannelSettings",
    "Clock",
    "DefaultSettings",
    "EnvironmentSettings",
    "LimitSettings",
    "Message",
    "Mode",
    "Outcome",
    "Price",
    "Reason",
    "ReasonKind",
    "RecordSettings",
    "Repair",
    "Secret",
    "ServerSettings",
    "Settings",
    "Stage",
    "StopReason",
    "StoreSettings",
    "Surface",
    "SystemClock",
    "Usage",
    "Violation",
    "cost_nusd",
    "format_usd",
    "new_id",
    "time_of_id_us",
]
