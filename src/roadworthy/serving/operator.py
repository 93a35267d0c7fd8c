"""What only an operator may ask of the data plane: a version on another model than its own.

The keeper makes a token, puts it into the snapshot and shows it with the calls that people make
from its pages; nobody else knows it. Such calls count in no figure of what is served.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from roadworthy.core.errors import Forbidden
from roadworthy.core.http_names import MODEL_HEADER, OPERATOR_HEADER
from roadworthy.pipeline import CallRequest

__all__ = ["hear_operator"]


def hear_operator(wish: CallRequest, headers: Mapping[str, str], *, token: str) -> None:
    """Write into the wish what its headers ask for as an operator; without them, nothing.

    Raises:
        Forbidden: they ask so without this installation's token.
    """
    model, shown = headers.get(MODEL_HEADER), headers.get(OPERATOR_HEADER)
    if model is None and shown is None:
        return
    if not token or not hmac.compare_digest((shown or "").encode(), token.encode()):
        raise Forbidden(
            f"the header {MODEL_HEADER} is for this installation's own keeper, which proves"
            f" itself with {OPERATOR_HEADER}; leave both out, or name the model in task.toml"
        )
    wish.surface, wish.model = "test", model or None
