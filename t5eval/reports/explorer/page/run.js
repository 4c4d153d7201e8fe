"use strict";
// A run's page: its scores and what they are to be seen beside, warnings, training, settings.
(() => {
  const { h, number, count } = explorer;

  explorer.share = (part, whole) =>
    part === null || part === undefined ? "?" : !part ? "0" : `${number((100 * part) / whole, 1)} %`;

  // The published value of the run's own model, else the lowest and the highest.
  explorer.published = (found, model) => {
    if (!found.length) return "";
    const own = found.find((one) => model && model.toLowerCase().includes(one.model.toLowerCase()));
    const chosen = own
      ? [own]
      : [found.reduce((a, b) => (b.value < a.value ? b : a)), found.reduce((a, b) => (b.value > a.value ? b : a))];
    const text =
      own || found.length === 1 ? number(chosen[0].value) : `${number(chosen[0].value)} to ${number(chosen[1].value)}`;
    const hint = found
      .map(
        (one) =>
          `${one.model} ${number(one.value)} ${one.score} (${one.split}, ${one.source}${one.caution ? `; ${one.caution}` : ""})`,
      )
      .join("\n");
    return h(
      "span",
      { title: hint },
      text,
      " ",
      h(
        "span",
        { class: "quiet" },
        own ? own.model : `${chosen[0].model}${chosen.length > 1 ? ` to ${chosen[1].model}` : ""}`,
        ` ${found[0].split}`,
      ),
    );
  };

  const overviewColumns = (run, rows, counts, bounds) => {
    const of = (row) => counts.get(`${row.task} ${row.split}`);
    const share = (key, name, hint, pick) => ({
      key,
      name,
      hint,
      numeric: true,
      className: "n tight",
      of: (row) => (pick(of(row)) === null ? null : pick(of(row)) / of(row).n),
      cell: (row) => explorer.share(pick(of(row)), of(row).n),
    });
    return [
      {
        key: "task",
        name: "Task",
        of: (row) => `${row.task} ${row.split}`,
        cell: (row) => [
          explorer.taskLink(row.task, row.split, [run.name]),
          " ",
          h("span", { class: "quiet" }, row.split),
        ],
      },
      { key: "score", name: "Score", of: (row) => row.score, cell: (row) => explorer.breakable(row.score) },
      {
        key: "value",
        name: "Value",
        numeric: true,
        of: (row) => row.value,
        cell: (row) => h("span", { class: "v" }, number(row.value)),
      },
      {
        key: "ci",
        name: "95 % interval",
        of: (row) => (row.ci95 ? row.ci95[1] - row.ci95[0] : null),
        className: "ci",
        cell: (row) => explorer.interval(row.ci95),
        hint: "sorts by its width",
      },
      explorer.whiskerColumn(bounds, (row) => [row]),
      ...(rows.every((row) => row.baseline === null)
        ? []
        : [
            {
              key: "baseline",
              name: "Commonest class",
              numeric: true,
              hint: "what always answering the commonest class would score",
              of: (row) => row.baseline,
              cell: (row) => (row.baseline === null ? "" : number(row.baseline)),
            },
          ]),
      {
        key: "published",
        name: "Published",
        of: (row) => row.published[0]?.value ?? null,
        cell: (row) => h("div", { class: "name" }, explorer.published(row.published, run.model)),
      },
      {
        key: "n",
        name: "n",
        numeric: true,
        of: (row) => of(row).n,
        cell: (row) => [
          count(of(row).n),
          of(row).official && of(row).official !== of(row).n
            ? h("span", { class: "caution" }, ` of ${count(of(row).official)}`)
            : null,
          of(row).few ? h("span", { class: "caution" }, " few") : null,
        ],
      },
      share(
        "unreadable",
        "Unreadable",
        "answers that say nothing that counts, missing ones among them",
        (one) => one.unreadable + one.missing,
      ),
      share("cut", "Cut", "inputs that were cut", (one) => one.cut),
      share("limit", "At limit", "outputs that ended at the length limit", (one) => one.at_limit),
    ];
  };

  const headline = (run) =>
    run.averages.map((one) =>
      h(
        "div",
        { class: "headline" },
        h("p", { class: "kind" }, `${one.benchmark} ${one.split}, average`),
        one.value === null
          ? h(
              "details",
              {},
              h(
                "summary",
                {},
                `incomplete: ${one.missing.length} ${one.missing.length === 1 ? "task is" : "tasks are"} missing`,
              ),
              h(
                "ul",
                {},
                one.missing.map(([task, why]) => h("li", {}, `${task}: ${why}`)),
              ),
            )
          : h("p", { class: "big" }, number(one.value)),
      ),
    );

  const curveFigures = (runs) => {
    const names = [...new Set(runs.flatMap((run) => Object.keys(run.curves)))];
    const order = (name) => [name !== "loss", name.startsWith("validation/"), name].join();
    names.sort((a, b) => order(a).localeCompare(order(b)));
    const drawn = names.filter((name) => runs.some((run) => (run.curves[name] || []).length > 1));
    const once = names.filter((name) => !drawn.includes(name));
    return [
      drawn.length
        ? h(
            "div",
            { class: "figures" },
            drawn.map((name) =>
              explorer.curves(
                name,
                runs.map((run) => run.name),
                runs.map((run) => run.curves[name]),
              ),
            ),
          )
        : null,
      once.length
        ? explorer.table({
            caption: "Measured once",
            rows: once,
            columns: [
              { key: "name", name: "Name", of: (name) => name },
              ...runs.map((run) => ({
                key: run.name,
                name: runs.length > 1 ? run.name : "Value",
                numeric: true,
                of: (name) => run.curves[name]?.[0]?.[1] ?? null,
                cell: (name) =>
                  run.curves[name]?.length
                    ? `${explorer.compact(run.curves[name][0][1])} at step ${count(run.curves[name][0][0])}`
                    : "–",
              })),
            ],
          })
        : null,
    ];
  };
  explorer.training = (runs) =>
    runs.some((run) => Object.keys(run.curves).length) ? explorer.section("Training", curveFigures(runs)) : null;

  // Settings by name, with their values; each column has a head or name, and gives the value of a row.
  explorer.settings = (caption, rows, columns) =>
    rows.length
      ? explorer.table({
          caption,
          className: "settings",
          rows,
          columns: [
            { key: "name", name: "Setting", of: ([name]) => name, cell: ([name]) => explorer.breakable(name) },
            ...columns.map(({ value, ...column }) => ({ ...column, cell: (row) => h("code", {}, value(row)) })),
          ],
        })
      : null;
  const pairs = (caption, rows) =>
    explorer.settings(caption, rows, [{ key: "value", name: "Value", value: ([, value]) => value }]);

  explorer.pages.run = async ([name]) => {
    const run = await explorer.source.run(name);
    const counts = new Map(run.counts.map((one) => [`${one.task} ${one.split}`, one]));
    const place = h("div", {}),
      all = h("input", { type: "checkbox", onchange: () => explorer.change({ all: all.checked ? "1" : null }) });
    const signatures = h(
      "dl",
      { class: "signatures" },
      run.rows.map((row) => [
        h("dt", {}, `${row.task} ${row.split} ${row.score}`),
        h("dd", {}, h("code", {}, row.signature)),
      ]),
    );
    const update = (query) => {
      all.checked = query.get("all") === "1";
      const rows = run.rows.filter((row) => all.checked || !row.variant);
      const values = rows.flatMap((row) => [row.value, ...(row.ci95 || [])]).filter((value) => value !== null);
      const bounds = [Math.min(0, ...values.map((value) => Math.floor(value / 50) * 50)), 100];
      place.replaceChildren(
        rows.length
          ? explorer.table({
              caption: "Scores in percent; intervals are Wilson’s for shares, else the bootstrap’s",
              rows,
              columns: overviewColumns(run, rows, counts, bounds),
              sort: query.get("sort"),
              onsort: (sort) => explorer.change({ sort }),
            })
          : h("p", {}, "No scores."),
      );
    };
    const cautions = run.cautions.map((one) => ({
      text: one.text,
      reasons: one.reasons,
      where: one.task ? [explorer.taskLink(one.task, one.split, [name]), ` ${one.split}: `] : "",
    }));
    return {
      title: run.name,
      trail: [[run.name, null]],
      update,
      content: [
        h("p", { class: "kind" }, "Run"),
        h("h1", {}, explorer.breakable(run.name)),
        h("p", { class: "model" }, [run.model, run.date && `${run.date} UTC`].filter(Boolean).join(" · ")),
        run.waiting.length
          ? h(
              "ul",
              { class: "running-list" },
              run.waiting.map(([task, split, answered]) =>
                h(
                  "li",
                  { class: "running" },
                  `${task} ${split}: ${count(answered)} answered so far; its scores are of these`,
                ),
              ),
            )
          : null,
        h("div", { class: "headlines" }, headline(run)),
        explorer.section(
          "Overview",
          h("p", {}, h("label", { class: "check" }, all, " also T5’s variants and other forms of a score")),
          place,
          run.prompts.length
            ? explorer.table({
                caption: "Over the prompts",
                rows: run.prompts,
                columns: [
                  { key: "task", name: "Task", of: (row) => `${row.task} ${row.split} ${row.score}` },
                  { key: "n", name: "Prompts", numeric: true, of: (row) => Object.keys(row.values).length },
                  { key: "mean", name: "Mean", numeric: true, of: (row) => row.mean, cell: (row) => number(row.mean) },
                  {
                    key: "low",
                    name: "Lowest",
                    numeric: true,
                    of: (row) => Math.min(...Object.values(row.values)),
                    cell: (row) => number(Math.min(...Object.values(row.values))),
                  },
                  {
                    key: "high",
                    name: "Highest",
                    numeric: true,
                    of: (row) => Math.max(...Object.values(row.values)),
                    cell: (row) => number(Math.max(...Object.values(row.values))),
                  },
                  {
                    key: "sd",
                    name: "Deviation",
                    numeric: true,
                    of: (row) => row.deviation,
                    cell: (row) => number(row.deviation),
                  },
                  { key: "best", name: "Best", of: (row) => row.best },
                ],
              })
            : null,
          run.unlabelled.length
            ? h(
                "p",
                {},
                "Predicted without labels to score against: ",
                run.unlabelled.map(([task, split], at) => [
                  at ? ", " : "",
                  explorer.taskLink(task, split, [name]),
                  ` ${split}`,
                ]),
              )
            : null,
          run.rows.length ? h("details", {}, h("summary", {}, "How each score is defined"), signatures) : null,
        ),
        cautions.length ? explorer.section("Warnings", explorer.cautions(cautions)) : null,
        explorer.training([run]),
        explorer.section(
          "Settings",
          pairs("What could change a number", run.settings),
          pairs("Versions", run.versions),
        ),
      ],
    };
  };
})();
