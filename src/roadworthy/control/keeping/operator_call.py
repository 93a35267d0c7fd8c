"""A call that somebody makes from the keeper's pages: any version, on any model, of any input; or a
chain that failed, from where it did.

It takes the same way as everybody's, through a gateway, so that it shows what they would get. What
is tried out is recorded as a test and counts in no figure.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any, Final
from urllib.parse import quote

import msgspec

from roadworthy.core.errors import RegistryUnreachable, error_named
from roadworthy.core.http_names import MODEL_HEADER, OPERATOR_HEADER
from roadworthy.pipeline.chain.resumption import Resumption

__all__ = ["call_as_operator", "resume_as_operator"]

TIMEOUT_S: Final = 130.0
"""A little more than a call may take by default: its own deadline says more."""
MARGIN_S: Final = 10.0
LONGEST_S: Final = 3_600.0
"""What a chain may take that says itself how long; the gateway holds it to that."""
# Gateways are on this machine, where a proxy for the world outside leads nowhere.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call_as_operator(
    gateway_url: str,
    token: str,
    task: str,
    selector: str | None,
    input_: dict[str, Any],
    model: str | None = None,
) -> dict[str, Any]:
    """What the gateway's task surface answers: ``value``, ``call``, ``outcome``, ``version``, ….

    ``token`` is `Publisher.operator_token`; ``selector`` a version, a channel or a range, None for
    what is served; ``model`` the one to ask in place of the version's own. Blocks: for threads.

    Raises:
        RoadworthyError: as the gateway told it, with its call's id where there is one.
        RegistryUnreachable: no gateway answers.
    """
    reference = task if not selector else f"{task}@{selector}"
    return _ask(gateway_url, token, reference, {"input": input_}, model=model)


def resume_as_operator(
    gateway_url: str, token: str, resumption: Resumption, timeout_s: float | None = None
) -> dict[str, Any]:
    """What the gateway answers where a chain goes on from what its steps have answered before. It
    counts as the call that failed did.

    Raises:
        RoadworthyError: as `call_as_operator`.
        RegistryUnreachable: no gateway answers.
    """
    given = {
        "input": resumption.input,
        "conversation_id": resumption.conversation_id,
        "unit": resumption.unit,
        "timeout_s": timeout_s,
        "resume": {
            "call": resumption.call_id,
            "recorded": resumption.recorded,
            "tried_out": resumption.tried_out,
        },
    }
    version = resumption.version
    reference = resumption.task if version is None else f"{resumption.task}@{version}"
    most_s = MARGIN_S + (LONGEST_S if timeout_s is None else timeout_s)
    return _ask(gateway_url, token, reference, given, most_s=most_s)


def _ask(
    gateway_url: str,
    token: str,
    reference: str,
    body: dict[str, Any],
    *,
    model: str | None = None,
    most_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    headers = {"content-type": "application/json", OPERATOR_HEADER: token}
    if model is not None:
        headers[MODEL_HEADER] = model
    request = urllib.request.Request(  # noqa: S310 - our own gateway's address
        f"{gateway_url.rstrip('/')}/v1/tasks/{quote(reference, safe='@^')}",
        msgspec.json.encode(body),
        headers,
    )
    try:
        with _OPENER.open(request, timeout=most_s) as response:
            answer: dict[str, Any] = msgspec.json.decode(response.read())
            return answer
    except urllib.error.HTTPError as error:
        with error:
            told, call_id = error.read(), error.headers.get("x-roadworthy-call")
        raise _error_from(told, call_id) from error
    except (OSError, msgspec.MsgspecError) as error:
        raise RegistryUnreachable(
            f"no gateway answers at {gateway_url}; see the log of `roadworthy serve`"
        ) from error


def _error_from(body: bytes, call_id: str | None) -> Exception:
    try:
        told = msgspec.json.decode(body)["error"]
        code, message, param = str(told["code"]), str(told["message"]), told.get("param")
    except (msgspec.MsgspecError, KeyError, TypeError):
        code, message, param = "", "the gateway answered without an explanation", None
    error = error_named(code, message, param=param)
    error.call_id = call_id
    return error
