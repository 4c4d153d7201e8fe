"""The console script, which is also `python -m t5eval`."""

import sys


def main() -> None:
    """Runs the command line; who interrupts it while Python is still importing sees no traceback."""
    try:
        from t5eval.cli.main import main as run

        run()
    except KeyboardInterrupt:
        print("t5eval: interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(130)


if __name__ == "__main__":
    main()
