"""`python -m t5eval`."""

import sys

try:
    from t5eval.cli.main import main

    main()
except KeyboardInterrupt:  # while Python is still importing
    print("t5eval: interrupted", file=sys.stderr)  # noqa: T201
    sys.exit(130)
