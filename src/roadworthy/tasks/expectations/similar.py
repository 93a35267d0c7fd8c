"""`similar`: a text that means the same, by the angle between embeddings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final

import msgspec

from roadworthy.tasks.expectations.answer import Answer, Scorer, Services, Verdict
from roadworthy.tasks.expectations.edges import Text
from roadworthy.tasks.expectations.kind import About, Placed
from roadworthy.tasks.places import find

__all__ = ["Similar"]

EMBEDDED: Final = "wordllama"
_MAX_TEXTS: Final = 20


class Similar(Placed, frozen=True, kw_only=True):
    """The text is similar to this one, or to one of these: the cosine of their embeddings reaches
    a least. Unscored where there is no embedder."""

    kind: ClassVar[str] = "similar"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    example: ClassVar[str] = '{"similar": "We are sorry for the delay.", "min": 0.6}'

    similar: Text | list[Text]
    """A text that is as good an answer, or several of which one must be near."""
    min: Annotated[float, msgspec.Meta(ge=-1, le=1)] = 0.7
    """The least cosine; what it means differs from embedder to embedder."""
    embedder: str = EMBEDDED
    """`wordllama`, which is in the package, or a model of models.toml that serves
    `/v1/embeddings`."""

    @property
    def _texts(self) -> list[str]:
        return [self.similar] if isinstance(self.similar, str) else self.similar

    def faults(self, about: About, /) -> Iterator[str]:
        yield from super().faults(about)
        if self.embedder != EMBEDDED and not about.has_model(self.embedder):
            yield (
                f'embedder: unknown embedder "{self.embedder}"; name "{EMBEDDED}", or declare the'
                " model in models.toml"
            )
        if not 1 <= len(self._texts) <= _MAX_TEXTS:
            yield f"similar: name 1 to {_MAX_TEXTS} texts"

    def look(self, value: Any) -> Verdict:
        """What can be said before the embedder is asked."""
        if not isinstance(value, str):
            return self.wrong_type(value)
        if not value.strip():
            return Verdict(passed=False, score=0.0, reason="the text is empty")
        return Verdict(passed=None)

    def scorer(self, _about: About, services: Services, /) -> Scorer:
        async def score(answer: Answer) -> Verdict:
            verdict = self.score(answer)
            if verdict.passed is not None or answer.error is not None:
                return verdict
            if services.embed is None:
                return Verdict(passed=None, reason="no embedder is at hand")
            _, text = find(answer.value, self.at)
            try:
                rows = await services.embed([text, *self._texts], self.embedder)
                cosine = max(float(rows[0] @ row) for row in rows[1:])
            except Exception as error:  # noqa: BLE001  # an embedder that fails is no bad answer
                said = getattr(error, "message", type(error).__name__)
                return Verdict(passed=None, reason=f"the embedder failed: {said}")
            if not math.isfinite(cosine):
                return Verdict(passed=None, reason="the embedder gave no direction")
            passed = cosine >= self.min
            reason = "" if passed else f"similarity {cosine:.2f}, at least {self.min:g} is wanted"
            return Verdict(passed=passed, score=min(max(cosine, 0.0), 1.0), reason=reason)

        return score
