"""``python -m noclone``."""

from noclone.cli.main import main

main()
