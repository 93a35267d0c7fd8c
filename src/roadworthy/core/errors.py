"""Every error Roadworthy raises on purpose, and what a caller sees of it.

::

    RoadworthyError
    ├── InvalidRequest                400  the caller's request cannot be understood
    │   ├── MalformedBody             400  not UTF-8, not JSON, nested too deep
    │   ├── BodyTooLarge              413
    │   ├── InvalidInput              400  the input does not satisfy the task's schema
    │   ├── InvalidSchema             400  an output schema that does not compile
    │   ├── ExportDamaged             400  an export of a registry is not what was written
    │   ├── HostNotAllowed            403
    │   ├── MethodNotAllowed          405
    │   ├── LoopDetected              508
    │   ├── UnknownModel              404
    │   └── UnknownTask               404
    ├── OutputError                   422  the model answered, the answer may not be delivered
    │   ├── OutputNonconforming       422
    │   ├── OutputRefused             422
    │   ├── DeniedByRule              422  a rule of the task denied the input
    │   └── OutputTruncated           422
    ├── CostLimitReached              422  the call would cost more than max_cost_usd
    ├── RuleFailed                    500  a Python function of a task's rules failed
    ├── UpstreamError                 502  no usable answer came from the provider
    │   ├── UpstreamRejected          its own 4xx
    │   ├── UpstreamRateLimited       429
    │   ├── UpstreamUnavailable       503
    │   ├── UpstreamTimeout           504
    │   ├── MissingCredential         503  no API key to send to the provider
    │   └── ExchangeMissing           503  a cassette holds no answer to this question
    ├── TaskUnservable                503  the task is there and cannot be served here
    ├── LocalModelMissing             503  the embedded model is not installed or does not start
    ├── Overloaded                    503
    ├── JournalUnavailable            503  calls cannot be recorded and the project asked to refuse
    ├── NotFound                      404  control plane: no such call, page or file
    ├── LoginRequired                 401  control plane: no key, or one that is not known
    ├── Forbidden                     403  control plane: the key's role does not allow it
    ├── GateRefused                   409  the version does not reach the task's gate
    ├── RegistryConflict              409  two versions of one number, or none to go back to
    ├── RegistryUnreachable           503  command line: the installation that keeps it is away
    ├── ProjectError                  500  faults in the project's files, all of them together
    └── StoreError                    500  the database or the state folder

A class fixes the HTTP status, the error code and whether a client should try again. The
message states what happened, the offending value and the remedy; it never holds a secret
or a user's text. The first line of a class's docstring is its default message.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BodyTooLarge",
    "CostLimitReached",
    "DeniedByRule",
    "ExchangeMissing",
    "ExportDamaged",
    "Forbidden",
    "GateRefused",
    "HostNotAllowed",
    "InvalidInput",
    "InvalidRequest",
    "InvalidSchema",
    "JournalUnavailable",
    "LocalModelMissing",
    "LoginRequired",
    "LoopDetected",
    "MalformedBody",
    "MethodNotAllowed",
    "MissingCredential",
    "NotFound",
    "OutputError",
    "OutputNonconforming",
    "OutputRefused",
    "OutputTruncated",
    "Overloaded",
    "ProjectError",
    "RegistryConflict",
    "RegistryUnreachable",
    "RoadworthyError",
    "RuleFailed",
    "StoreError",
    "TaskUnservable",
    "UnknownModel",
    "UnknownTask",
    "UpstreamError",
    "UpstreamRateLimited",
    "UpstreamRejected",
    "UpstreamTimeout",
    "UpstreamUnavailable",
    "error_named",
    "without_quotes",
]


class RoadworthyError(Exception):
    """Roadworthy could not do what was asked."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    type: ClassVar[str] = "server_error"
    """OpenAI's ``error.type``."""
    retry: ClassVar[bool] = False
    """What ``x-should-retry`` says to the client's own retry loop."""
    quotes: ClassVar[bool] = False
    """Whether the message may hold a few words of a caller, a model or a provider: it is kept
    where texts are, and as long."""

    def __init__(
        self,
        message: str | None = None,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.message = message or (type(self).__doc__ or "").partition("\n")[0]
        self.param = param
        self.retry_after_s = retry_after_s
        self.call_id: str | None = None
        """The recorded call that ended with this error, if there is one."""
        self.version = ""
        """The version of the task that the call reached, if it came so far."""
        self.step = ""
        """The step of a chain that failed, ``outer/inner`` within chains of chains."""
        super().__init__(self.message)


class InvalidRequest(RoadworthyError):
    """The request cannot be understood."""

    status = 400
    code = "invalid_request"
    type = "invalid_request_error"
    quotes = True


class MalformedBody(InvalidRequest):
    """The request body is not JSON. Send a UTF-8 encoded JSON object."""

    code = "malformed_body"


class BodyTooLarge(InvalidRequest):
    """The request body is too large. Send less, or raise [limits] max_body_bytes."""

    status = 413
    code = "body_too_large"


class InvalidInput(InvalidRequest):
    """The input does not satisfy the task's input schema."""

    code = "invalid_input"


class InvalidSchema(InvalidRequest):
    """The schema is not a JSON Schema that can be compiled."""

    code = "invalid_schema"


class ExportDamaged(InvalidRequest):
    """The export is not what was written. Export it anew; nothing was taken."""

    code = "export_damaged"
    quotes = False


class HostNotAllowed(InvalidRequest):
    """This address is not served under that name. Add it to [server] allowed_hosts."""

    status = 403
    code = "host_not_allowed"


class MethodNotAllowed(InvalidRequest):
    """This address does not take that method."""

    status = 405
    code = "method_not_allowed"


class LoopDetected(InvalidRequest):
    """This gateway was asked by itself. A model's base_url, or OPENAI_BASE_URL, is its address."""

    status = 508
    code = "loop_detected"


class UnknownModel(InvalidRequest):
    """No such model. GET /v1/models lists those that this gateway serves."""

    status = 404
    code = "model_not_found"


class UnknownTask(InvalidRequest):
    """No such task. GET /v1/models lists the tasks that this gateway serves."""

    status = 404
    code = "task_not_found"


class OutputError(RoadworthyError):
    """The model answered, but the answer may not be delivered."""

    status = 422
    code = "output_error"
    type = "output_error"
    quotes = True


class OutputNonconforming(OutputError):
    """The answer does not conform to the output schema, and asking again did not mend it."""

    code = "output_nonconforming"


class OutputRefused(OutputError):
    """The model refused to answer."""

    code = "output_refused"


class DeniedByRule(OutputError):
    """A rule of the task denies this input."""

    code = "denied_by_rule"


class OutputTruncated(OutputError):
    """The answer was cut off at the token limit. Raise max_tokens, or ask for less."""

    code = "output_truncated"


class CostLimitReached(RoadworthyError):
    """The call has spent what it may. Raise max_cost_usd of its task, or ask for less."""

    status = 422
    code = "cost_limit_reached"


class RuleFailed(RoadworthyError):
    """A Python function of the task's rules failed."""

    code = "rule_failed"


class UpstreamError(RoadworthyError):
    """The provider gave no usable answer."""

    status = 502
    code = "upstream_error"
    type = "upstream_error"
    quotes = True

    upstream_status: int | None = None
    """The provider's own HTTP status; None: it gave none."""
    transient: bool = False
    """Whether the same request may well succeed in a moment."""
    retries: int = 0
    """Attempts that had failed before the one that this error ended."""


class UpstreamRejected(UpstreamError):
    """The provider rejected the request."""

    code = "upstream_rejected"

    def __init__(
        self, message: str | None = None, *, upstream_status: int, param: str | None = None
    ) -> None:
        super().__init__(message, param=param)
        self.upstream_status = upstream_status
        # A rejected *parameter* is the caller's to mend, so its 4xx is passed on; rejected
        # credentials are the operator's, and a 401 would send the caller looking for a key.
        if upstream_status in (400, 404, 413, 422):
            self.status = upstream_status  # type: ignore[misc]  # narrows the class's default


class UpstreamRateLimited(UpstreamError):
    """The provider's rate limit is reached."""

    status = 429
    code = "upstream_rate_limited"


class UpstreamUnavailable(UpstreamError):
    """The provider cannot be reached."""

    status = 503
    code = "upstream_unavailable"


class UpstreamTimeout(UpstreamError):
    """The provider did not answer in time."""

    status = 504
    code = "upstream_timeout"


class MissingCredential(UpstreamError):
    """There is no API key for the provider. Set the variable that models.toml names."""

    status = 503
    code = "missing_credential"
    quotes = False


class ExchangeMissing(UpstreamError):
    """The cassette holds no answer to this question. Record it anew."""

    status = 503
    code = "exchange_missing"
    quotes = False


class TaskUnservable(RoadworthyError):
    """The task cannot be served in this installation. `roadworthy check` and its log say why."""

    status = 503
    code = "task_unservable"


class LocalModelMissing(RoadworthyError):
    """The embedded model is not installed. Run `roadworthy local install`."""

    status = 503
    code = "local_model_missing"


class Overloaded(RoadworthyError):
    """The gateway has as much work as it can hold. Try again shortly."""

    status = 503
    code = "overloaded"
    retry = True


class JournalUnavailable(RoadworthyError):
    """Calls cannot be recorded, and this project refuses to serve unrecorded calls."""

    status = 503
    code = "journal_unavailable"


class NotFound(RoadworthyError):
    """There is nothing under this address."""

    status = 404
    code = "not_found"
    type = "invalid_request_error"


class LoginRequired(RoadworthyError):
    """This takes a key. Log in, or send it as `Authorization: Bearer KEY`."""

    status = 401
    code = "login_required"
    type = "invalid_request_error"


class Forbidden(RoadworthyError):
    """This key's role does not allow that. Ask an owner."""

    status = 403
    code = "forbidden"
    type = "invalid_request_error"


class GateRefused(RoadworthyError):
    """The version does not reach the task's gate."""

    status = 409
    code = "gate_refused"
    type = "invalid_request_error"

    misses: tuple[str, ...] = ()
    """Each threshold that is not reached, in words."""

    def __init__(self, message: str = "", *, misses: tuple[str, ...] = ()) -> None:
        self.misses = misses
        super().__init__(message)


class RegistryConflict(RoadworthyError):
    """The registry holds something else under this name."""

    status = 409
    code = "registry_conflict"
    type = "invalid_request_error"


class RegistryUnreachable(RoadworthyError):
    """The installation cannot be reached. Start it with `roadworthy serve`, or name its address."""

    status = 503
    code = "registry_unreachable"
    retry = True


class ProjectError(RoadworthyError):
    """The project's files have faults."""

    code = "project_error"
    faults: tuple[str, ...] = ()

    def __init__(self, faults: tuple[str, ...] | list[str]) -> None:
        self.faults = tuple(faults)
        noun = "fault" if len(self.faults) == 1 else "faults"
        super().__init__(f"{len(self.faults)} {noun} in the project:\n" + "\n".join(self.faults))


class StoreError(RoadworthyError):
    """The state folder or its database cannot be used."""

    code = "store_error"


_BY_CODE: dict[str, type[RoadworthyError]] = {
    error.code: error
    for error in vars().copy().values()
    if isinstance(error, type) and issubclass(error, RoadworthyError)
}


def error_named(code: str, message: str, *, param: str | None = None) -> RoadworthyError:
    """The error that another process meant by this code; one that is not known is a plain one."""
    error_class = _BY_CODE.get(code, RoadworthyError)
    # Past the class's own __init__: some take what does not travel, or put their message together.
    error = error_class.__new__(error_class)
    RoadworthyError.__init__(error, message, param=param)
    return error


def without_quotes(code: str, message: str) -> str:
    """The message of an error with this code if it quotes nobody, else its class's own."""
    error = _BY_CODE.get(code)
    if error is None:  # a later release's
        return ""
    return (error.__doc__ or "").partition("\n")[0] if error.quotes else message
