"""``python -m fazhi`` is the ``fazhi`` program."""

from fazhi.cli import main

main()
