"""Every notebook runs from top to bottom, without an error or stray output, to the values told."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.runs import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHECKS = {
    "fine_tuning": (
        "pretrained_accuracy > 70 and pretrained_accuracy > scratch_accuracy + 10",
        "resumed_accuracy == pretrained_accuracy",
        "result['pred_class'] == 'Sneaker'",
        "shown.ndim == 3",
    )
}
"""For each notebook, expressions that are true at its end."""


def execute(path: Path, folder: Path) -> Any:
    """Run a notebook in a folder, the checks as its last cell; return it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    lines = [f"assert {check}" for check in CHECKS[path.stem]]
    notebook.cells.append(nbformat.v4.new_code_cell("\n".join(lines)))
    places = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=240, resources=places).execute()


@pytest.mark.notebook
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of nbclient and what it stands on
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_and_ends_in_the_values_told(path: Path, tmp_path: Path) -> None:
    cells = execute(path, tmp_path).cells
    printed = [
        output.text
        for cell in cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    stray = [text for text in printed if "warn" in text.lower() or "/site-packages/" in text]
    assert stray == []
    assert [p.name for p in tmp_path.iterdir()] == ["work_dirs"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_stored_without_outputs(path: Path) -> None:
    cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    assert [c["source"] for c in cells if c["outputs"] or c["execution_count"]] == []
