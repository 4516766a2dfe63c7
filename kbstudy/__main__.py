"""``python -m kbstudy`` is ``kbstudy``."""

from kbstudy.cli import main

main()
