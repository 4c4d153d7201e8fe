"use strict";
// The index of runs: searched, filtered, sorted, chosen and compared.
(() => {
  const { h, number, count } = explorer;
  const MOST_COLUMNS = 6;

  const scoreKey = (one) => `${one.task} ${one.split} ${one.score}`;

  // The scores that stand as columns: those of the chosen task, else those that most runs have.
  const scoreColumns = (runs, task) => {
    const seen = new Map();
    for (const run of runs)
      for (const one of run.scores) {
        if (task && one.task !== task) continue;
        const entry = seen.get(scoreKey(one)) || { ...one, runs: 0 };
        entry.runs += 1;
        entry.defined ||= one.value !== null;
        seen.set(scoreKey(one), entry);
      }
    return [...seen.values()]
      .filter((one) => one.defined || task)
      .sort((a, b) => b.runs - a.runs)
      .slice(0, task ? 12 : MOST_COLUMNS);
  };

  const averageColumns = (runs) => {
    const seen = new Map();
    for (const run of runs) for (const one of run.averages) seen.set(`${one.benchmark} ${one.split}`, one);
    return [...seen.values()];
  };

  const columnsOf = (runs, task, chosen, choose) => [
    {
      key: "chosen",
      name: "",
      head: h("span", { class: "hidden" }, "Choose"),
      plain: true,
      cell: (run) =>
        h("input", {
          type: "checkbox",
          "aria-label": `choose ${run.name}`,
          checked: chosen.has(run.name),
          onchange: (event) => choose(run.name, event.target.checked),
        }),
    },
    {
      key: "run",
      name: "Run",
      heads: true,
      className: "name",
      of: (run) => run.name,
      cell: (run) => [
        explorer.link(explorer.breakable(run.name), ["run", run.name]),
        run.fault && !run.unscored
          ? h("span", { class: "caution" }, ` ${run.fault}`)
          : run.unscored
            ? h("span", { class: "quiet" }, " scored when opened")
            : null,
        run.waiting.map(([task, split, answered]) =>
          h("span", { class: "running" }, ` ${task} ${split}: ${count(answered)} answered so far`),
        ),
      ],
    },
    {
      key: "model",
      name: "Model",
      className: "name",
      of: (run) => run.model,
      cell: (run) => (run.model ? explorer.breakable(run.model) : ""),
    },
    { key: "date", name: "Date (UTC)", className: "tight", of: (run) => run.date, cell: (run) => run.date || "" },
    { key: "tasks", name: "Splits", of: (run) => run.tasks.length, numeric: true },
    { key: "warnings", name: "Warnings", of: (run) => run.warnings, numeric: true },
    ...(task
      ? []
      : averageColumns(runs).map((wanted) => {
          const own = (run) =>
            run.averages.find((one) => one.benchmark === wanted.benchmark && one.split === wanted.split);
          return {
            key: `average ${wanted.benchmark} ${wanted.split}`,
            name: `${wanted.benchmark} average${wanted.split === "validation" ? "" : ` ${wanted.split}`}`,
            numeric: true,
            of: (run) => own(run)?.value ?? null,
            cell: (run) =>
              own(run)
                ? own(run).value === null
                  ? h("span", { class: "quiet" }, `${own(run).missing.length} missing`)
                  : h("b", {}, number(own(run).value))
                : "",
          };
        })),
    ...scoreColumns(runs, task).map((wanted) => {
      const own = (run) => run.scores.find((one) => scoreKey(one) === scoreKey(wanted));
      return {
        key: scoreKey(wanted),
        name: [explorer.breakable(wanted.task), ` ${wanted.score}`],
        hint: scoreKey(wanted),
        numeric: true,
        of: (run) => own(run)?.value ?? null,
        cell: (run) =>
          own(run)
            ? [
                h("span", { class: "v" }, number(own(run).value)),
                task ? [" ", h("span", { class: "ci" }, explorer.interval(own(run).ci95))] : null,
              ]
            : "",
      };
    }),
  ];

  explorer.pages.index = async () => {
    const index = await explorer.source.index();
    const list = h("div", {}),
      status = h("p", { role: "status", class: "quiet" }),
      bar = h("p", { class: "actions" });
    const tasks = [...new Set(index.runs.flatMap((run) => run.tasks.map(([task]) => task)))];
    const search = h("input", {
      type: "search",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => explorer.change({ q: search.value }),
    });
    const task = h(
      "select",
      { onchange: () => explorer.change({ task: task.value }) },
      h("option", { value: "" }, "all tasks"),
      tasks.map((name) => h("option", { value: name }, name)),
    );
    const choose = (name, on) => {
      const chosen = explorer
        .here()
        .query.getAll("run")
        .filter((other) => other !== name);
      explorer.change({ run: on ? [...chosen, name] : chosen });
    };

    const update = (query) => {
      const words = (query.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean),
        wanted = query.get("task") || "";
      if (document.activeElement !== search) search.value = query.get("q") || "";
      task.value = wanted;
      const chosen = new Set(query.getAll("run"));
      const runs = index.runs.filter((run) => {
        const text = [run.name, run.model || "", ...run.tasks.map(([name]) => name)].join(" ").toLowerCase();
        return words.every((word) => text.includes(word)) && (!wanted || run.tasks.some(([name]) => name === wanted));
      });
      status.textContent = `${count(runs.length)} of ${count(index.runs.length)} runs, ${count(runs.reduce((sum, run) => sum + run.examples, 0))} answers`;
      const names = index.runs.map((run) => run.name).filter((name) => chosen.has(name));
      bar.replaceChildren(
        ...(names.length < 2
          ? [h("span", { class: "quiet" }, "Choose two or more runs to compare them.")]
          : explorer.source.holds("compare", ...names)
            ? [
                h(
                  "a",
                  {
                    class: "button",
                    href: explorer.address(
                      ["compare"],
                      names.map((name) => ["run", name]),
                    ),
                  },
                  `Compare ${names.length} runs`,
                ),
              ]
            : [
                h(
                  "span",
                  { class: "quiet" },
                  "This report does not hold the comparison of these runs; t5eval view does.",
                ),
              ]),
      );
      // What is ticked keeps the focus, although the table is a new one.
      const focus = document.activeElement?.getAttribute("aria-label");
      list.replaceChildren(
        explorer.table({
          caption: "Runs",
          rows: runs,
          columns: columnsOf(runs, wanted, chosen, choose),
          sort: query.get("sort") || "run",
          onsort: (sort) => explorer.change({ sort }),
        }),
      );
      if (focus?.startsWith("choose ")) list.querySelector(`[aria-label="${CSS.escape(focus)}"]`)?.focus();
    };
    return {
      title: "Runs",
      trail: [],
      update,
      content: [
        h("h1", {}, "Runs"),
        h(
          "form",
          { class: "controls", role: "search", onsubmit: (event) => event.preventDefault() },
          h("label", {}, "Search ", search),
          h("label", {}, "Task ", task),
        ),
        status,
        list,
        bar,
        h("p", { class: "quiet" }, `Scores in percent with 95 % intervals. t5eval ${index.version}.`),
      ],
    };
  };
})();
