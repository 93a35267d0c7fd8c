"""Any course of publishing, promoting and rolling back, against a model of a few lines."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from registry_samples import ADA, draft_of, stored_registry
from roadworthy.core.errors import RegistryConflict
from roadworthy.registry import MoveRequest
from roadworthy.registry.served import Served, ServedVersions

CHANNELS = st.sampled_from(["production", "staging"])
PROMPTS = st.sampled_from(["a", "b", "c"])


class Histories(RuleBasedStateMachine):
    """The model: published states in order, and a stack of promotions a channel."""

    @initialize()
    def begin(self) -> None:
        self.closing = ExitStack()
        folder = Path(self.closing.enter_context(tempfile.TemporaryDirectory()))
        self.registry = self.closing.enter_context(stored_registry(folder))
        self.following = ServedVersions(self.registry._engine, self.registry._folder)
        self.served = Served()
        self.states: list[tuple[str, str]] = []
        self.versions: list[str] = []
        self.stacks: dict[str, list[str]] = {"production": [], "staging": []}
        self.moves = 0

    @rule(prompt=PROMPTS, description=st.sampled_from(["", "x"]))
    def publish(self, prompt: str, description: str) -> None:
        state = (prompt, description)
        draft = draft_of(prompt + " {{ comment }}", description=description)
        published = self.registry.publish(draft, ADA)
        assert published.new is (self.states[-1:] != [state])
        if not published.new:
            return
        level = "major"
        if self.states:
            level = "patch" if self.states[-1][0] == prompt else "minor"
        assert published.version.level == level
        self.states.append(state)
        self.versions.append(published.version.version)

    @rule(channel=CHANNELS, data=st.data())
    def promote(self, channel: str, data: st.DataObject) -> None:
        if not self.versions:
            return
        version = data.draw(st.sampled_from(self.versions))
        request = MoveRequest(task="mood", channel=channel, to=version)
        stack = self.stacks[channel]
        if stack[-1:] == [version]:
            with pytest.raises(RegistryConflict, match="already"):
                self.registry.move(request, ADA)
            return
        assert self.registry.move(request, ADA).to_version == version
        stack.append(version)
        self.moves += 1

    @rule(channel=CHANNELS)
    def roll_back(self, channel: str) -> None:
        request = MoveRequest(task="mood", channel=channel, kind="rollback")
        stack = self.stacks[channel]
        if len(stack) < 2:
            with pytest.raises(RegistryConflict, match="no version to go back to"):
                self.registry.move(request, ADA)
            return
        move = self.registry.move(request, ADA)
        assert (move.from_version, move.to_version) == (stack.pop(), stack[-1])
        self.moves += 1

    @rule()
    def follow(self) -> None:
        self.served = self.following.read_if_moved() or self.served
        fresh = ServedVersions(self.registry._engine, self.registry._folder).read_if_moved()
        assert self.served == (fresh or Served())

    @invariant()
    def numbers_are_never_given_twice_and_only_grow(self) -> None:
        rows = self.registry.versions("mood")
        assert [row.version for row in rows] == self.versions[::-1]
        numbers = [tuple(map(int, version.split("."))) for version in self.versions]
        assert numbers == sorted(set(numbers))

    @invariant()
    def channels_point_where_the_last_move_says(self) -> None:
        pointers = {p.channel: p.version for p in self.registry.channels("mood")}
        assert pointers == {name: stack[-1] for name, stack in self.stacks.items() if stack}
        history = self.registry.history("mood", limit=1_000)
        assert len(history) == self.moves
        for channel, version in pointers.items():
            own = [move for move in history if move.channel == channel]
            assert own[0].to_version == version
            froms = [move.from_version for move in own]
            assert froms == [*(move.to_version for move in own[1:]), None]

    def teardown(self) -> None:
        if not hasattr(self, "closing"):
            return
        other: Any = None
        try:
            with tempfile.TemporaryDirectory() as name, stored_registry(Path(name)) as other:
                bundle = self.registry.export()
                other.take(bundle, ADA)
                assert other.export() == {**bundle, "channels": []}
        finally:
            self.closing.close()


Histories.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestHistories = Histories.TestCase
