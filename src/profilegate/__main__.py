"""`python -m profilegate`."""

from profilegate.cli import main

main()
