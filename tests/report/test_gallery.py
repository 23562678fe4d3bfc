"""Every example of the gallery runs and prints what the page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = sorted((DOCS / "gallery").glob("[0-9]*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_the_page_shows(path, tmp_path):
    done = subprocess.run(
        [sys.executable, path], cwd=tmp_path, capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = (DOCS / "gallery.md").read_text(encoding="utf-8")
    number = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
    pages = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", shown, re.DOTALL)
    code = path.read_text(encoding="utf-8").split('"""\n', 2)[-1].strip()
    (printed,) = [output for source, output in pages if source.strip() == code]
    assert number.sub("#", printed) == number.sub("#", done.stdout)
    pictures = list(tmp_path.glob("*.svg"))
    assert all((DOCS / "gallery" / picture.name).exists() for picture in pictures)
