"use strict";
// Several runs side by side: each against the first, the best where that is more than chance, mean and spread.
(() => {
  const { h, number, count } = explorer;
  const SIDE_BY_SIDE = 6;

  const where = (row, runs) => [
    explorer.taskLink(row.task, row.split, runs),
    " ",
    h("span", { class: "quiet" }, row.split),
  ];
  const best = (row) => (row.best?.more_than_chance ? row.best.run : null);

  const bestText = (row, runs) =>
    !row.best
      ? ""
      : row.best.more_than_chance
        ? [h("b", {}, runs[row.best.run]), h("span", { class: "quiet" }, ` p ${explorer.p(row.best.p_holm)}`)]
        : h("span", { class: "quiet" }, `not more than chance (p ${explorer.p(row.best.p_holm)})`);

  const matrix = (found, rows, sort) =>
    explorer.table({
      caption:
        "Scores in percent; bold where the best is better than the next by more than chance (Holm’s p below 0.05)",
      rows,
      sort,
      onsort: (next) => explorer.change({ sort: next }),
      columns: [
        { key: "task", name: "Task", of: (row) => `${row.task} ${row.split}`, cell: (row) => where(row, found.runs) },
        {
          key: "score",
          name: "Score",
          of: (row) => row.score,
          cell: (row) =>
            h(
              "a",
              {
                href: "#",
                onclick: (event) => {
                  event.preventDefault();
                  explorer.change({ score: `${row.task} ${row.split} ${row.score}` });
                  document.getElementById("one-score").scrollIntoView();
                },
              },
              row.score,
            ),
        },
        ...(found.runs.length <= SIDE_BY_SIDE
          ? found.runs.map((run, place) => ({
              key: `run ${place}`,
              name: [explorer.swatch(place), run],
              numeric: true,
              of: (row) => row.values[place],
              cell: (row) => h("span", { class: best(row) === place ? "v best" : "" }, number(row.values[place])),
            }))
          : []),
        ...(found.runs.length === 2
          ? [
              {
                key: "difference",
                name: "Difference",
                numeric: true,
                of: (row) => row.against_first[1]?.difference ?? null,
                cell: (row) =>
                  row.against_first[1]?.difference === undefined
                    ? ""
                    : [
                        explorer.signed(row.against_first[1].difference),
                        " ",
                        h("span", { class: "ci" }, explorer.interval(row.against_first[1].ci95)),
                      ],
              },
              {
                key: "p",
                name: "p",
                numeric: true,
                of: (row) => row.against_first[1]?.p ?? null,
                cell: (row) => explorer.p(row.against_first[1]?.p),
              },
              {
                key: "holm",
                name: "Holm",
                numeric: true,
                of: (row) => row.against_first[1]?.p_holm ?? null,
                cell: (row) => explorer.p(row.against_first[1]?.p_holm),
              },
            ]
          : [
              { key: "mean", name: "Mean", numeric: true, of: (row) => row.mean, cell: (row) => number(row.mean) },
              {
                key: "deviation",
                name: "Deviation",
                numeric: true,
                of: (row) => row.deviation,
                cell: (row) => number(row.deviation),
              },
              {
                key: "low",
                name: "Lowest",
                numeric: true,
                of: (row) => Math.min(...row.values.filter((value) => value !== null)),
                cell: (row) => number(Math.min(...row.values.filter((value) => value !== null))),
              },
              {
                key: "high",
                name: "Highest",
                numeric: true,
                of: (row) => Math.max(...row.values.filter((value) => value !== null)),
                cell: (row) => number(Math.max(...row.values.filter((value) => value !== null))),
              },
              { key: "best", name: "Best", cell: (row) => bestText(row, found.runs) },
            ]),
        {
          key: "plot",
          name: "",
          head: h("span", {}, "each on its own axis"),
          className: "whisker-cell",
          cell: (row) => {
            const bounds = explorer.fitted(
              row.values.flatMap((value, place) => (value === null ? [] : row.ci95[place] || [value])),
            );
            return found.runs.length <= SIDE_BY_SIDE
              ? [
                  explorer.whiskers(
                    row.values.map((value, place) => ({ value, ci95: row.ci95[place], place })),
                    bounds,
                  ),
                  explorer.scale(bounds),
                ]
              : null;
          },
        },
      ].filter((column) => column.key !== "plot" || found.runs.length <= SIDE_BY_SIDE),
    });

  // One score over all runs, a row each.
  const oneScore = (found, row, sort) => {
    const bounds = explorer.fitted(
      row.values.flatMap((value, place) => (value === null ? [] : row.ci95[place] || [value])),
    );
    const rows = found.runs.map((run, place) => ({
      run,
      place,
      value: row.values[place],
      ci95: row.ci95[place],
      against: row.against_first[place],
    }));
    return explorer.table({
      caption: `${row.task} ${row.split}, ${row.score}: each run, and its difference from ${found.runs[0]}`,
      rows,
      sort: sort || "-value",
      onsort: (next) => explorer.change({ by: next }),
      columns: [
        {
          key: "run",
          name: "Run",
          of: (one) => one.run,
          cell: (one) => [
            explorer.swatch(one.place),
            explorer.link(one.run, ["task", row.task, row.split], [["run", one.run]]),
          ],
        },
        {
          key: "value",
          name: "Value",
          numeric: true,
          of: (one) => one.value,
          cell: (one) => [
            h("span", { class: best(row) === one.place ? "v best" : "v" }, number(one.value)),
            " ",
            h("span", { class: "ci" }, explorer.interval(one.ci95)),
          ],
        },
        explorer.whiskerColumn(bounds, (one) => [one]),
        {
          key: "difference",
          name: "Difference",
          numeric: true,
          of: (one) => one.against?.difference ?? null,
          cell: (one) =>
            one.place && one.against?.difference !== undefined && one.against.difference !== null
              ? [
                  explorer.signed(one.against.difference),
                  " ",
                  h("span", { class: "ci" }, explorer.interval(one.against.ci95)),
                ]
              : "",
        },
        {
          key: "p",
          name: "p",
          numeric: true,
          of: (one) => one.against?.p ?? null,
          cell: (one) => explorer.p(one.against?.p),
        },
        {
          key: "holm",
          name: "Holm",
          numeric: true,
          of: (one) => one.against?.p_holm ?? null,
          cell: (one) => explorer.p(one.against?.p_holm),
        },
      ],
    });
  };

  const changes = (found) => {
    const rows = found.pairs.flatMap((pair) => pair.splits.map((one) => ({ ...one, pair })));
    const graded = (row, key) => (row.changes.by ? count(row.changes[key]) : "");
    return rows.length
      ? explorer.section(
          "What changed",
          explorer.table({
            caption: `Predictions that differ from ${found.runs[0]}’s`,
            rows,
            columns: [
              {
                key: "task",
                name: "Task",
                of: (row) => `${row.task} ${row.split}`,
                cell: (row) => where(row, [row.pair.a, row.pair.b]),
              },
              { key: "run", name: "Run", of: (row) => row.pair.b },
              { key: "n", name: "n", numeric: true, of: (row) => row.n, cell: (row) => count(row.n) },
              {
                key: "texts",
                name: "Differ",
                numeric: true,
                of: (row) => row.changes.texts,
                cell: (row) =>
                  explorer.link(
                    count(row.changes.texts),
                    ["task", row.task, row.split],
                    [
                      ["run", row.pair.a],
                      ["run", row.pair.b],
                      ["show", "runs differ"],
                      ["sort", "differ"],
                    ],
                  ),
              },
              {
                key: "better",
                name: "Better",
                numeric: true,
                of: (row) => row.changes.better,
                cell: (row) => graded(row, "better"),
              },
              {
                key: "worse",
                name: "Worse",
                numeric: true,
                of: (row) => row.changes.worse,
                cell: (row) => graded(row, "worse"),
              },
              { key: "by", name: "By", of: (row) => row.changes.by, cell: (row) => row.changes.by || "" },
            ],
          }),
        )
      : null;
  };

  const differing = (caption, rows, runs) =>
    explorer.settings(
      caption,
      rows,
      runs.map((run, place) => ({
        key: `run ${place}`,
        head: [explorer.swatch(place), run],
        value: ([, values]) => values[place],
      })),
    );

  explorer.pages.compare = async (_, query) => {
    const runs = query.getAll("run"),
      [scores, pages] = await Promise.all([
        explorer.source.compare(runs, false),
        Promise.all(runs.map((run) => explorer.source.run(run))),
      ]);
    // The scores stand at once; the tests come when they are done.
    const whole = h("div", {}),
      page = { title: `Compare ${runs.length} runs`, trail: [["Comparison", null]], content: [whole] };
    const fill = (found) => {
      const made = shown(runs, found, pages);
      whole.replaceChildren(...made.content.flat(Infinity).filter(Boolean));
      page.update = made.update;
      made.update(explorer.here().query);
    };
    page.update = () => {};
    page.after = () => {
      fill(scores);
      if (!scores.tested)
        explorer.source
          .compare(runs)
          .then(fill)
          .catch((error) => whole.append(explorer.cautions([{ text: error.message }])));
    };
    return page;
  };

  const shown = (runs, found, pages) => {
    const place = h("div", {}),
      one = h("div", { id: "one-score" }),
      all = h("input", { type: "checkbox", onchange: () => explorer.change({ all: all.checked ? "1" : null }) });
    const unsound = found.pairs.flatMap((pair) =>
      pair.splits.flatMap((split) =>
        split.faults.map((fault) => ({
          text: `not sound: ${pair.a} and ${pair.b}, ${split.task} ${split.split}: ${fault}`,
        })),
      ),
    );
    const left = found.pairs.flatMap((pair) =>
      pair.left_out.map((text) => ({ text: `left out of ${pair.a} and ${pair.b}: ${text}` })),
    );
    const faults = found.faults.map((text) => ({ text: `no test: ${text}` }));
    const key = (row) => `${row.task} ${row.split} ${row.score}`;
    const update = (next) => {
      all.checked = next.get("all") === "1";
      const rows = found.rows.filter((row) => all.checked || !row.variant);
      place.replaceChildren(matrix(found, rows, next.get("sort")));
      const wanted =
        found.rows.find((row) => key(row) === next.get("score")) || rows.find((row) => row.headline) || rows[0];
      const select = h(
        "select",
        { onchange: (event) => explorer.change({ score: event.target.value }) },
        found.rows
          .filter((row) => all.checked || !row.variant || row === wanted)
          .map((row) => h("option", { value: key(row) }, key(row))),
      );
      if (!wanted) {
        one.replaceChildren();
        return;
      }
      select.value = key(wanted);
      one.replaceChildren(
        h("p", {}, h("label", {}, "Score ", select)),
        oneScore(found, wanted, next.get("by")),
        h(
          "p",
          { class: "quiet" },
          `Mean ${number(wanted.mean)}${wanted.deviation === null ? "" : `, standard deviation ${number(wanted.deviation)}`} over ${count(wanted.values.filter((value) => value !== null).length)} runs. `,
          bestText(wanted, found.runs),
        ),
      );
    };
    return {
      update,
      content: [
        h("p", { class: "kind" }, "Comparison"),
        h(
          "h1",
          {},
          runs.map((run, at) =>
            h("span", { class: "run" }, explorer.swatch(at), explorer.link(run, ["run", run]), " "),
          ),
        ),
        h(
          "p",
          { class: "quiet" },
          `Each run is compared with the first on the same examples: intervals of differences are paired bootstraps, p is McNemar’s exact test for shares and approximate randomisation else, and Holm’s correction is over all headline scores here. Another seed of the same recipe may differ as much.`,
        ),
        found.tested ? null : h("p", { class: "running", role: "status" }, "Testing the differences …"),
        explorer.cautions([...faults, ...unsound, ...left]),
        explorer.section(
          "Scores",
          h("p", {}, h("label", { class: "check" }, all, " also T5’s variants and other forms of a score")),
          place,
        ),
        found.averages.length
          ? explorer.table({
              caption: "The leaderboards’ averages",
              rows: found.averages,
              columns: [
                { key: "benchmark", name: "Benchmark", of: (row) => `${row.benchmark} ${row.split}` },
                ...found.runs.map((run, at) => ({
                  key: `run ${at}`,
                  head: [explorer.swatch(at), run],
                  numeric: true,
                  of: (row) => row.values[at],
                  cell: (row) =>
                    row.values[at] === null ? h("span", { class: "quiet" }, "incomplete") : number(row.values[at]),
                })),
              ],
            })
          : null,
        explorer.section("One score over all runs", one),
        explorer.mistakes(found),
        changes(found),
        explorer.training(pages),
        found.settings.length || found.versions.length
          ? explorer.section(
              "Settings that differ",
              differing("Settings", found.settings, found.runs),
              differing("Versions", found.versions, found.runs),
            )
          : null,
      ],
    };
  };
})();
