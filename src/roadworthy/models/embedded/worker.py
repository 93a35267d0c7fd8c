"""The child process that holds the embedded model: ``python -m roadworthy.models.embedded.worker``.

It serves llama.cpp's HTTP API on loopback, under a path that only its parent is told, and is
gone as soon as its parent is: the parent holds the other end of a pipe. Its first line on
standard output is JSON: ``{"address": …}``, or ``{"error": …}``. Everything that llama.cpp
prints goes to standard error, which the parent points at a file.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from roadworthy.models.embedded_wire import grammar_of

__all__ = ["main", "prove_grammar"]

SLOTS = 2
"""Requests computed side by side. One thread computes, so more slots give no more tokens a second
(1.9 requests/s with 1, 2 and 4, at any load), but with one a long answer blocks a short one."""
CONTEXT_TOKENS = 4096
"""Shared by the slots: each may use all of it while the others do not."""
PROMPT_CACHE_MIB = 64
"""Prompts' beginnings kept beside the slots' own. The default is 8 GiB; with none, three tasks
taking turns read their whole prompt again each time and ran 3.7 times slower."""
HTTP_THREADS = 64
"""A request holds one from its arrival to its answer."""
ERRORS_ONLY = 1
PROOF = "zyzzyva"
"""Nothing that a model would say by itself."""


def main() -> None:
    """Serve until the parent is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--parent-fd", type=int, required=True)
    options = parser.parse_args()
    answer_fd = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    threading.Thread(target=_leave_with, args=(options.parent_fd,), daemon=True).start()
    try:
        # The server must stay referenced: it stops when it is collected.
        server, address = _serve(options.model)
        prove_grammar(server)
    except (ImportError, RuntimeError, ValueError) as error:
        _answer(answer_fd, {"error": f"{type(error).__name__}: {error}"})
        raise
    _answer(answer_fd, {"address": address})
    threading.Event().wait()


def _serve(model: Path) -> tuple[Any, str]:
    import xllamacpp

    token = secrets.token_urlsafe(18)
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {model.stem.lower()}
    # Two compute threads on two busy cores ran ten times slower: they wait for each other.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.n_parallel = SLOTS
    params.n_ctx = CONTEXT_TOKENS
    params.kv_unified = True
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.warmup = False
    params.verbosity = ERRORS_ONLY
    params.n_threads_http = HTTP_THREADS
    params.endpoint_slots = False
    params.ui = False
    # Any page in a browser on this machine can reach loopback; none can guess this path.
    params.api_prefix = f"/{token}"
    server = xllamacpp.Server(params)
    return server, f"{server.listening_address}/{token}"


def prove_grammar(server: Any) -> None:
    """Raises RuntimeError unless a grammar binds the output.

    llama.cpp answers 200 and free prose where it cannot read a grammar (llama.cpp#19051), so
    without this proof a build without llguidance would look like a working one.
    """
    answer = server.handle_chat_completions(
        {
            "messages": [{"role": "user", "content": "Say hello."}],
            "max_tokens": 16,
            "temperature": 0,
            "grammar": grammar_of({"enum": [PROOF]}),
        }
    )
    said = answer["choices"][0]["message"]["content"] if "choices" in answer else answer
    if said != f'"{PROOF}"':
        raise RuntimeError(
            f"grammars do not bind the output (asked for {PROOF!r}, got {said!r}); the installed"
            " xllamacpp has no llguidance"
        )


def _leave_with(parent_fd: int) -> None:
    os.read(parent_fd, 1)  # returns when the parent's end closes, however the parent ended
    os._exit(0)


def _answer(fd: int, message: dict[str, str]) -> None:
    os.write(fd, msgspec.json.encode(message) + b"\n")
    os.close(fd)


if __name__ == "__main__":
    main()
