"""Tasks whose official files are made from others after they were fetched."""

from collections.abc import Callable
from pathlib import Path

from t5eval.support.errors import DataError


def split_mrpc(folder: Path) -> dict[str, bytes]:
    """Returns MRPC's train.tsv, dev.tsv and test.tsv from the corpus, as GLUE's official script does.

    Args:
        folder: holds `msr_paraphrase_train.txt`, `msr_paraphrase_test.txt`, and `dev_ids.tsv`, which names the pairs
            of the development set.

    Raises:
        DataError: a line has not the five columns.
    """
    ids = {tuple(line.split("\t")) for line in _lines(folder / "dev_ids.tsv")}
    header, *rows = _lines(folder / "msr_paraphrase_train.txt")
    parts: dict[str, list[str]] = {"train.tsv": [header], "dev.tsv": [header]}
    for number, row in enumerate(rows, start=2):
        columns = _columns(folder / "msr_paraphrase_train.txt", number, row)
        parts["dev.tsv" if (columns[1], columns[2]) in ids else "train.tsv"].append("\t".join(columns))
    parts["test.tsv"] = ["index\t#1 ID\t#2 ID\t#1 String\t#2 String"]
    for index, row in enumerate(_lines(folder / "msr_paraphrase_test.txt")[1:]):
        columns = _columns(folder / "msr_paraphrase_test.txt", index + 2, row)
        parts["test.tsv"].append("\t".join([str(index), *columns[1:]]))
    return {name: "".join(f"{line}\n" for line in lines).encode() for name, lines in parts.items()}


def _lines(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as file:  # which ends a line at \n, \r\n and \r, as the script does
        return [line.rstrip("\n") for line in file]


def _columns(path: Path, number: int, row: str) -> list[str]:
    columns = row.strip().split("\t")
    if len(columns) != 5:
        raise DataError(f"{path}:{number}: {len(columns)} columns; the corpus has 5")
    return columns


RECIPES: dict[str, Callable[[Path], dict[str, bytes]]] = {"mrpc": split_mrpc}
"""What a row's `downloads` may name in `then`. It is called with the folder that the file is in, once all files are
there, and returns those that are made of them."""
