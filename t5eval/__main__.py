"""`python -m t5eval`."""

from t5eval.cli.main import main

main()
