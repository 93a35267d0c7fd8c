"""A registry that another process keeps, over its control API: the keeper's, or another
installation's.

By the standard library alone, so that a command that asks it starts quickly. The server says who
acts by the key; only a local owner's token may say for whom, see `ACTOR_HEADER`.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from roadworthy.core.errors import GateRefused, RegistryUnreachable, RoadworthyError, error_named
from roadworthy.core.http_names import LOOPBACK_HOSTS
from roadworthy.registry.moves import Evidence, Move, MoveRequest, Pointer
from roadworthy.registry.results import CaseResult
from roadworthy.registry.version import Actor, Draft, Publication, Version, VersionRow

__all__ = ["ACTOR_HEADER", "ControlApi", "RemoteRegistry"]

ACTOR_HEADER: Final = "x-roadworthy-actor"
"""The person's name, percent-encoded, for whom a local owner's token acts."""

T = TypeVar("T")
_TIMEOUT_S: Final = 60.0
_BUNDLE_TIMEOUT_S: Final = 600.0


class _Versions(msgspec.Struct):
    versions: list[VersionRow]


class _Channels(msgspec.Struct):
    channels: list[Pointer]


class _Moves(msgspec.Struct):
    moves: list[Move]


class _Results(msgspec.Struct):
    results: list[CaseResult]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The key is for the address that it was given for, and for no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


class ControlApi:
    """Requests to one installation's control plane, answers as values, errors as ours."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url.rstrip("/")
        self.token = token
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if urlsplit(self.url).hostname in LOOPBACK_HOSTS:
            # A proxy for the world outside knows nothing of this machine's ports.
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str, type_: type[T], *, timeout_s: float = _TIMEOUT_S) -> T:
        """What stands there."""
        return self._decode(self.ask("GET", path, timeout_s=timeout_s), type_)

    def post(
        self,
        path: str,
        body: object,
        type_: type[T],
        /,
        *,
        by: Actor | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> T:
        """What becomes of the body there."""
        return self._decode(self.ask("POST", path, body, by=by, timeout_s=timeout_s), type_)

    def delete(self, path: str, type_: type[T]) -> T:
        """What was ended there."""
        return self._decode(self.ask("DELETE", path), type_)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        by: Actor | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> bytes:
        """The answer's bytes.

        Raises:
            RegistryUnreachable: nobody answers there, or not as a control plane does.
            RoadworthyError: the typed error that the control plane answered with.
        """
        data = None if body is None else msgspec.json.encode(body)
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked with the settings
            self.url + path, data, dict(self._headers(by)), method=method
        )
        try:
            with self._opener.open(request, timeout=timeout_s) as response:
                answer: bytes = response.read()
                return answer
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error.code, error.read()) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def _headers(self, by: Actor | None) -> Mapping[str, str]:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        if by is not None:
            headers[ACTOR_HEADER] = quote(by.name, safe=" ")
        return headers

    def _decode(self, data: bytes, type_: type[T]) -> T:
        try:
            return msgspec.json.decode(data, type=type_)
        except msgspec.MsgspecError as error:
            raise RegistryUnreachable(
                f"{self.url} answers in a form that this release does not read ({error})."
                " Name the address of a control plane of the same release."
            ) from error

    def _unreachable(self, error: Exception) -> RegistryUnreachable:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, TimeoutError):
            why = "no answer in time"
        else:
            why = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return RegistryUnreachable(
            f"The control plane at {self.url} cannot be reached: {why}. Start that installation,"
            " or correct its url."
        )

    def _refusal(self, status: int, body: bytes) -> RoadworthyError:
        """The error that the control plane meant."""
        try:
            detail = msgspec.json.decode(body)["error"]
            code, message = str(detail["code"]), str(detail["message"])
        except (msgspec.MsgspecError, KeyError, TypeError):
            return RegistryUnreachable(
                f"{self.url} answered {status}, and not as a control plane does. Name the address"
                " of the control plane (port 8701 by default), not of the gateway."
            )
        error = error_named(code, message, param=detail.get("param"))
        if isinstance(error, GateRefused):
            error.misses = tuple(map(str, detail.get("misses") or ()))
        return error


class RemoteRegistry:
    """The registry behind a control API; see `roadworthy.registry.port` for what each gives.

    ::

        registry = RemoteRegistry("http://127.0.0.1:8701", token)
        registry.version("classify-feedback", "production").row.version
    """

    def __init__(self, url: str, token: str | None) -> None:
        self._api = ControlApi(url, token)

    def publish(self, draft: Draft, by: Actor) -> Publication:
        path = f"{_task(draft.definition.name)}/versions"
        return self._api.post(path, draft, Publication, by=by)

    def preview(self, draft: Draft) -> Publication:
        path = f"{_task(draft.definition.name)}/versions?preview=true"
        return self._api.post(path, draft, Publication)

    def versions(self, task: str | None = None, *, limit: int = 100) -> list[VersionRow]:
        path = _address(f"{_task(task)}/versions", {"limit": limit})
        return self._api.get(path, _Versions).versions

    def version(self, task: str, reference: str) -> Version:
        path = f"{_task(task)}/versions/{quote(reference, safe='')}"
        return self._api.get(path, Version)

    def channels(self, task: str | None = None) -> list[Pointer]:
        return self._api.get(f"{_task(task)}/channels", _Channels).channels

    def history(
        self, task: str | None = None, *, channel: str | None = None, limit: int = 100
    ) -> list[Move]:
        path = _address(f"{_task(task)}/history", {"channel": channel, "limit": limit})
        return self._api.get(path, _Moves).moves

    def weigh(self, request: MoveRequest) -> Evidence:
        return self._api.post(f"{_channel(request)}?weigh=true", request, Evidence)

    def move(self, request: MoveRequest, by: Actor) -> Move:
        return self._api.post(_channel(request), request, Move, by=by)

    def results(
        self, task: str, *, definition: str, binding: str | None = None
    ) -> list[CaseResult]:
        query = {"definition": definition, "binding": binding}
        return self._api.get(_address(f"{_task(task)}/results", query), _Results).results

    def record(self, results: Sequence[CaseResult], by: Actor) -> None:
        self._api.ask("POST", "/api/results", _Results(results=list(results)), by=by)

    def export(self, tasks: Iterable[str] = ()) -> dict[str, Any]:
        path = _address("/api/registry/export", {"task": sorted(set(tasks))})
        return self._api.get(path, dict[str, Any], timeout_s=_BUNDLE_TIMEOUT_S)

    def take(self, bundle: dict[str, Any], by: Actor) -> list[VersionRow]:
        taken = self._api.post(
            "/api/registry/import", bundle, _Versions, by=by, timeout_s=_BUNDLE_TIMEOUT_S
        )
        return taken.versions


def _task(task: str | None) -> str:
    return "/api" if task is None else f"/api/tasks/{quote(task, safe='')}"


def _channel(request: MoveRequest) -> str:
    return f"{_task(request.task)}/channels/{quote(request.channel, safe='')}"


def _address(path: str, query: Mapping[str, object]) -> str:
    """The path with the parameters that are set; a list is sent as several of one name."""
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path
