"""Event files are found under any name, and read where TensorBoard is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evals.event_files import event_files, read_events
from evals.scores import read_score_file
from prompts.errors import EvaluationError


def test_event_files_are_found_by_folder_pattern_and_name(tmp_path: Path) -> None:
    first = tmp_path / "runs" / "a" / "events.out.tfevents.1.host.2"
    second = tmp_path / "runs" / "b" / "events.out.tfevents.1.host.3"
    for path in (first, second, tmp_path / "runs" / "a" / "notes.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert event_files(tmp_path / "runs") == [first, second]
    assert event_files(tmp_path / "runs" / "*" / "*.2") == [first]
    assert event_files(tmp_path / "**" / "*tfevents*") == [first, second]
    assert event_files(second) == [second]
    assert event_files(first.with_name("notes.txt")) == []
    assert event_files(tmp_path / "none") == []


def test_without_the_reader_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    path = tmp_path / "events.out.tfevents.1"
    path.touch()
    with pytest.raises(EvaluationError, match="its reader is not installed") as caught:
        read_score_file(tmp_path, ["loss"])
    assert "pip install tensorboard" in str(caught.value.hint)


def test_the_last_number_of_a_tag_counts(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "runs")) as writer:
        for step, loss in enumerate((3.0, 2.0, 2.5)):
            writer.add_scalar("val/loss", loss, step)  # type: ignore[no-untyped-call]
        writer.add_scalar("val/loss_of_all", 9.0, 3)  # type: ignore[no-untyped-call]
        writer.add_text("val/note", "hello")  # type: ignore[no-untyped-call]
    assert read_score_file(tmp_path / "runs", ["val_loss", "accuracy"]) == {"val_loss": 2.5}
    (broken := tmp_path / "broken.tfevents").write_bytes(b"nonsense " * 9)
    assert read_events([broken], ["val_loss"]) == {}
