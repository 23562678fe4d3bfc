"""Make every heavy table that is committed as a result; each script resumes where it stopped.

python evidence/all.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Run all scripts of this folder, one after the other."""
    for script in sorted(HERE.glob("*.py")):
        if script.name != "all.py":
            print(f"== {script.name}", flush=True)
            subprocess.run([sys.executable, script], check=True)


if __name__ == "__main__":
    main()
