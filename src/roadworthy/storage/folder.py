"""Where each file of an installation's state stands.

One folder, private to its user, because it holds what users wrote: the journal, the database,
the texts, the snapshot, logs. Nothing here is imported that a gateway would have to pay for.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from roadworthy.core.errors import StoreError

__all__ = ["StateFolder"]

JOURNAL_SUFFIX = ".journal"
_TEXTS_PREFIX, _TEXTS_SUFFIX = "texts-", ".sqlite"


class StateFolder:
    """Names every file of one state folder; makes none of them but the folder itself."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"StateFolder({str(self.path)!r})"

    @property
    def journal(self) -> Path:
        """The folder of journal files, one a process and rotation."""
        return self.path / "journal"

    @property
    def database(self) -> Path:
        return self.path / "calls.sqlite"

    @property
    def texts(self) -> Path:
        """The folder of texts, one database a day."""
        return self.path / "texts"

    @property
    def snapshot(self) -> Path:
        return self.path / "snapshot.json"

    @property
    def versions(self) -> Path:
        """The folder of published versions' files."""
        return self.path / "versions"

    @property
    def keeper_lock(self) -> Path:
        return self.path / "keeper.lock"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def texts_of(self, day: date) -> Path:
        """The database of the texts of calls that started on this day, in UTC."""
        return self.texts / f"{_TEXTS_PREFIX}{day.isoformat()}{_TEXTS_SUFFIX}"

    def text_days(self) -> list[date]:
        """The days of which texts are kept, in order."""
        names = (path.name for path in self.texts.glob(f"{_TEXTS_PREFIX}*{_TEXTS_SUFFIX}"))
        return sorted(day for name in names if (day := _day_of(name)) is not None)

    def journal_files(self) -> list[Path]:
        """Journal files that may hold calls, the oldest first."""
        return sorted(self.journal.glob(f"*{JOURNAL_SUFFIX}"))

    def create(self) -> None:
        """Make the folder, readable by this user alone; no harm if it exists.

        Raises:
            StoreError: it cannot be made or written to.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            for folder in (self.journal, self.texts, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                # The folder usually lies inside a project that is in git.
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"the state folder {self.path} cannot be used: {error.strerror}. Give this user"
                " the right to write there, or set [store] path to another folder."
            ) from error


def _day_of(name: str) -> date | None:
    try:
        return date.fromisoformat(name[len(_TEXTS_PREFIX) : -len(_TEXTS_SUFFIX)])
    except ValueError:
        return None
