"""`t5eval.view`: the explorer of runs, from a server on this machine."""

from collections.abc import Sequence
from pathlib import Path

from t5eval.api.arguments import Data, PathName, names_of, text_of
from t5eval.reports.explorer.collection import Collection
from t5eval.reports.explorer.found_runs import find_runs
from t5eval.reports.explorer.server import Server
from task_specs.support.errors import UserError, some


def view(folders: PathName | Sequence[PathName], *, data: Data = None, port: int = 0) -> Server:
    """Returns a server that shows the runs in and below folders, also while they are written.

    It listens on 127.0.0.1 alone, answers those who know its address, which has a random token in it, and only reads.
    `serve_forever()` makes it answer, `address` is what a browser opens.

    Args:
        folders: runs, or folders that hold runs.
        data: where the examples are; where each run says that they were, if None.
        port: the port, 0 for a free one.

    Raises:
        UserError: a folder is not there, no run is in any of them, or the port is taken.
    """
    roots = [Path(folder) for folder in names_of(folders)]
    collection = Collection(lambda: find_runs(roots), text_of(data), live=True)
    if not collection.found:
        raise UserError(
            f"no run is in {some([str(root) for root in roots])}: a run has predictions/, results.json or logs/"
        )
    try:
        return Server(collection, port)
    except OSError as error:
        raise UserError(f"--port {port}: {error.strerror}") from None
