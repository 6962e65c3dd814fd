"""`faden services check` passes what is shipped and names line and field of what is wrong."""

from typer.testing import CliRunner

from hub_forms.shipped import SERVICES
from local_hub.__main__ import app

RUN = CliRunner()


def test_what_is_shipped_passes():
    said = RUN.invoke(app, ["services", "check"])
    assert said.exit_code == 0, said.output
    assert said.output.count(" ok") == 6


def test_a_fault_is_one_line_with_its_place(tmp_path):
    text = (SERVICES / "maengelmelder.yaml").read_text("utf-8")
    (tmp_path / "mangel.yaml").write_text(text.replace("kind: place", "kind: spot"), "utf-8")
    said = RUN.invoke(app, ["services", "check", str(tmp_path)])
    assert said.exit_code == 1
    assert "requirements.ort: is no kind of requirement; correct it" in said.output
    assert "line 54" in said.output


def test_a_folder_without_definitions_is_said(tmp_path):
    said = RUN.invoke(app, ["services", "check", str(tmp_path)])
    assert said.exit_code != 0
