"""What a check of a table found, to be read by people and kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TableReport:
    """Counts of what was found in one table, and what was done about it.

    Args:
        table: str. `"interactions"`, `"items"` or `"users"`, or what the caller calls it.
        counts: int by name. What was counted; zeros too, so that a reader sees what was looked for.
        messages: sentences, only about what somebody should know.
    """

    table: str
    counts: Mapping[str, int] = field(default_factory=dict)
    messages: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The same, for JSON."""
        return {"table": self.table, "counts": dict(self.counts), "messages": list(self.messages)}

    def lines(self) -> list[str]:
        """One line of counts other than 0, then one a message."""
        numbers = ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in self.counts.items() if value)
        return [f"{self.table}: {numbers}", *(f"  {message}" for message in self.messages)]

    def __str__(self) -> str:
        return "\n".join(self.lines())


class Findings:
    """Collects counts and messages while a table is checked."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.messages: list[str] = []

    def count(self, name: str, number: int, message: str = "") -> None:
        """Adds a count; `message` is kept only if there is something to count."""
        self.counts[name] = int(number)
        if number and message:
            self.messages.append(message)

    def report(self, table: str) -> TableReport:
        return TableReport(table, self.counts, tuple(self.messages))
