"use strict";
// Mistakes in common: which examples all runs have right, some, or none; a count leads to its examples.
(() => {
  const { h, number, count } = explorer;

  // Returns a number that leads to the examples which it counts.
  const counted = (runs, row, n, ...query) =>
    n
      ? explorer.link(count(n), ["task", row.task, row.split], [...runs.map((run) => ["run", run]), ...query])
      : count(n);

  const columnsOf = (runs) => {
    const two = runs.length === 2;
    const wrong = (key, name, of) => ({
      key,
      name,
      numeric: true,
      of: (row) => row.wrong_in[of],
      cell: (row) => counted(runs, row, row.wrong_in[of], ["wrong", of]),
    });
    const alone = (run, place) => ({
      key: `only ${place}`,
      name: ["Only ", explorer.swatch(place), run],
      numeric: true,
      of: (row) => row.alone_right[place],
      cell: (row) => counted(runs, row, row.alone_right[place], ["wrong", 1], ["right", 1], ["of", run]),
    });
    const differ = {
      key: "differ",
      name: "Some right",
      numeric: true,
      of: (row) => row.differ,
      cell: (row) => counted(runs, row, row.differ, ["show", "disagree"], ["sort", "differ"]),
    };
    const spread = (row) => {
      const found = row.kappas.flatMap((own) => own.filter((value) => value !== null));
      return found.length > 2 ? ` ${number(Math.min(...found))} to ${number(Math.max(...found))}` : "";
    };
    return [
      {
        key: "task",
        name: "Task",
        of: (row) => `${row.task} ${row.split}`,
        cell: (row) => [
          explorer.taskLink(row.task, row.split, runs),
          " ",
          h("span", { class: "quiet" }, row.split),
        ],
      },
      { key: "n", name: "n", numeric: true, of: (row) => row.n, cell: (row) => count(row.n) },
      wrong("right", two ? "Both right" : "All right", 0),
      ...(two ? runs.map(alone) : [differ]),
      wrong("wrong", two ? "Both wrong" : "All wrong", runs.length),
      {
        key: "kappa",
        name: "Kappa",
        numeric: true,
        of: (row) => row.kappa,
        cell: (row) => (row.kappa === null ? "" : [number(row.kappa), h("span", { class: "quiet" }, spread(row))]),
      },
    ];
  };

  // By how many runs are wrong, and by run.
  const closely = (runs, row) => {
    const run = (one) => [explorer.swatch(one.place), one.run];
    return [
      h("h3", {}, `${row.task} ${row.split}`),
      explorer.table({
        caption: `By how many of the ${runs.length} runs are wrong`,
        rows: row.wrong_in.map((n, of) => ({ n, of })),
        columns: [
          { key: "of", name: "Wrong in", of: (one) => one.of },
          {
            key: "n",
            name: "Examples",
            numeric: true,
            of: (one) => one.n,
            cell: (one) => counted(runs, row, one.n, ["wrong", one.of]),
          },
        ],
      }),
      explorer.table({
        caption: `What a run alone has right or wrong${row.kappas.length ? ", and kappa of its answers with each other run’s" : ""}`,
        rows: runs.map((name, place) => ({ run: name, place })),
        columns: [
          { key: "run", name: "Run", of: (one) => one.run, cell: run },
          {
            key: "right",
            name: "Alone right",
            numeric: true,
            of: (one) => row.alone_right[one.place],
            cell: (one) =>
              counted(
                runs,
                row,
                row.alone_right[one.place],
                ["wrong", runs.length - 1],
                ["right", 1],
                ["of", one.run],
              ),
          },
          {
            key: "wrong",
            name: "Alone wrong",
            numeric: true,
            of: (one) => row.alone_wrong[one.place],
            cell: (one) =>
              counted(runs, row, row.alone_wrong[one.place], ["wrong", 1], ["right", 0], ["of", one.run]),
          },
          ...row.kappas.map((_, place) => ({
            key: `kappa ${place}`,
            head: run({ run: runs[place], place }),
            numeric: true,
            cell: (one) => (row.kappas[one.place][place] === null ? "–" : number(row.kappas[one.place][place])),
          })),
        ],
      }),
    ];
  };

  explorer.mistakes = ({ runs, mistakes }) => {
    if (!mistakes?.length) return null;
    const details = h("details", {}, h("summary", {}, "By how many runs are wrong, and by run"));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length < 2)
        details.append(...mistakes.flatMap((row) => closely(runs, row)));
    });
    return explorer.section(
      "Mistakes in common",
      explorer.table({
        caption: "Examples that all have right, some, or none; a count leads to them",
        rows: mistakes,
        columns: columnsOf(runs),
      }),
      h(
        "p",
        { class: "quiet" },
        "Kappa (Cohen’s) says how far answers agree beyond chance: 1 where all are the same. Of more than two runs it is the mean of all pairs, and the lowest to the highest.",
      ),
      runs.length > 2 ? details : null,
    );
  };
})();
