"""What an examination found: problems, notes, and how they are told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmlight.errors import ConfigErrors, MMLightError, fold_errors
from mmlight.spec import Note

EXIT_PROBLEMS = 2


@dataclass
class Findings:
    """The problems and notes of one config.

    Args:
        errors: What would stop or spoil a training.
        notes: What is ignored, or worth knowing.

    Examples:
        >>> print(Findings())
        no problem found
        >>> Findings([MMLightError("model.neck.type", "unknown type 'GAP'")]).exit_code()
        2
    """

    errors: list[MMLightError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def add(self, error: MMLightError) -> None:
        """Add a problem, or several that were raised together."""
        self.errors += error.errors if isinstance(error, ConfigErrors) else [error]

    def note(self, path: str, text: str, origin: object = None) -> None:
        """Add a note; see `mmlight.spec.Note`."""
        self.notes.append(Note(path, text, origin))  # type: ignore[arg-type]

    def concern(self, *paths: str) -> bool:
        """Tell whether a problem lies at or below one of some key paths."""
        ends = (".", "[")
        return any(
            error.path == path or error.path.startswith(tuple(path + end for end in ends))
            for error in self.errors
            for path in paths
        )

    def fold(self) -> "Findings":
        """Return the same findings, each told once."""
        return Findings(fold_errors(self.errors), list(dict.fromkeys(self.notes)))

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 0, or 2 when there is a problem; if `strict`, a note is one too."""
        return EXIT_PROBLEMS if self.errors or (strict and self.notes) else 0

    @property
    def summary(self) -> str:
        """One line: '3 problems, 2 notes'."""
        problems = _count(self.errors, "problem") if self.errors else "no problem found"
        return f"{problems}, {_count(self.notes, 'note')}" if self.notes else problems

    def __str__(self) -> str:
        parts = [self.summary, *map(str, self.errors)]
        if self.notes:
            parts.append("\n".join(["notes:", *(f"  {note}" for note in self.notes)]))
        return "\n\n".join(parts)


def _count(items: Sequence[object], name: str) -> str:
    return f"{len(items)} {name}{'' if len(items) == 1 else 's'}"
