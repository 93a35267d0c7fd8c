from __future__ import annotations

import msgspec
import pytest
from dashboard import NOW_US

from roadworthy.control.health import health_of
from roadworthy.control.samples.sample import sample_status
from roadworthy.control.source import GatewayStatus, Status

GOOD = sample_status(NOW_US)
DEAD = GatewayStatus(name="gateway-1", alive=False, started_us=1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"faults": ("a.toml:1: x",)}, "a fault; revision 5f0c1e77a9d2 is served"),
        ({"faults": ("a", "b"), "revision": ""}, "2 faults; nothing is served"),
        ({"revision": ""}, "No project is served"),
        ({"gateways": [DEAD, GOOD.gateways[1]]}, "gateway-1 is not running"),
        ({"gateways": [DEAD]}, "No gateway is running"),
        ({"journal_lag_s": 40.0}, "40.0 s behind"),
        ({"lost_calls": 1}, "1 call was served but not recorded"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, object], told: str) -> None:
    health = health_of(msgspec.structs.replace(GOOD, **changes), version="1")
    assert health.status == "degraded"
    assert len(health.reasons) == 1
    assert told in health.reasons[0]


def test_nothing_is_said_when_all_is_well_or_unknown() -> None:
    assert health_of(GOOD, version="1").reasons == []
    starting = [GatewayStatus(name="gateway-1", alive=False)]
    assert health_of(Status(revision="r", gateways=starting), version="1").reasons == []
    assert health_of(Status(revision="r", journal_lag_s=None), version="1").status == "ok"
