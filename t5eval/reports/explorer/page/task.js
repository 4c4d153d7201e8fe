"use strict";
// The page of a task's split: scores, charts that filter, and the examples.
(() => {
  const { h, number, count } = explorer;
  const MOST_LETTERS = 90; // of how a split was answered
  const MOST_FIGURES = 6; // runs with matrices and histograms of their own

  const scoreTable = (runs, pages, key, all) => {
    const rows = new Map();
    pages.forEach((page, place) =>
      page.rows
        .filter((row) => `${row.task} ${row.split}` === key && (all || !row.variant))
        .forEach((row) => {
          if (!rows.has(row.score))
            rows.set(row.score, { score: row.score, baseline: row.baseline, published: row.published, own: [] });
          rows.get(row.score).own[place] = row;
        }),
    );
    const found = [...rows.values()];
    if (!found.length) return h("p", {}, "No scores: there are no labels.");
    const values = found
      .flatMap((row) => row.own.flatMap((one) => (one ? [one.value, ...(one.ci95 || [])] : [])))
      .filter((value) => value !== null);
    const bounds =
      runs.length > 1 && values.length
        ? explorer.fitted(values)
        : [Math.min(0, ...values.map((value) => Math.floor(value / 50) * 50)), 100];
    return explorer.table({
      caption: "Scores in percent, with 95 % intervals",
      rows: found,
      columns: [
        { key: "score", name: "Score", of: (row) => row.score },
        ...runs.map((run, place) => ({
          key: run,
          head: [runs.length > 1 ? explorer.swatch(place) : null, runs.length > 1 ? run : "Value"],
          numeric: true,
          of: (row) => row.own[place]?.value ?? null,
          cell: (row) => (row.own[place] ? explorer.withInterval(row.own[place].value, row.own[place].ci95) : "–"),
        })),
        explorer.whiskerColumn(bounds, (row) =>
          runs.map((_, place) => ({ value: row.own[place]?.value, ci95: row.own[place]?.ci95, place })),
        ),
        ...(found.every((row) => row.baseline === null)
          ? []
          : [
              {
                key: "baseline",
                name: "Commonest class",
                numeric: true,
                of: (row) => row.baseline,
                cell: (row) => (row.baseline === null ? "" : number(row.baseline)),
              },
            ]),
        {
          key: "published",
          name: "Published",
          of: (row) => row.published[0]?.value ?? null,
          cell: (row) => explorer.published(row.published, pages[0].model),
        },
      ],
    });
  };

  const facts = (runs, pages, key) =>
    h(
      "ul",
      { class: "facts" },
      pages.map((page, place) => {
        const one = page.counts.find((other) => `${other.task} ${other.split}` === key);
        if (!one) return null;
        const parts = [
          `${count(one.n)} examples`,
          one.waiting ? "answered so far" : null,
          one.decode.length > MOST_LETTERS ? `${one.decode.slice(0, MOST_LETTERS)} …` : one.decode,
          one.unreadable ? `${explorer.share(one.unreadable, one.n)} unreadable` : null,
          one.cut ? `${explorer.share(one.cut, one.n)} of the inputs cut` : null,
          one.at_limit ? `${explorer.share(one.at_limit, one.n)} of the outputs at the limit` : null,
        ].filter(Boolean);
        return h(
          "li",
          {},
          runs.length > 1 ? [explorer.swatch(place), h("b", {}, runs[place]), ": "] : "",
          parts.join("; "),
          "; data ",
          h("code", { title: one.data }, one.data.slice(0, 12)),
        );
      }),
    );

  // The runs that have the split, to look at together.
  const chooser = (index, task, split, runs) => {
    const having = index.runs
      .filter(
        (run) =>
          run.tasks.some(([name, part]) => name === task && part === split) ||
          run.waiting.some(([name, part]) => name === task && part === split),
      )
      .map((run) => run.name);
    const others = having.filter((run) => !runs.includes(run));
    const go = (chosen) => {
      location.hash = explorer.address(
        ["task", task, split],
        chosen.map((run) => ["run", run]),
      );
    };
    return {
      having,
      content:
        having.length < 2
          ? null
          : h(
              "p",
              { class: "chips" },
              runs.map((run, place) =>
                h(
                  "span",
                  { class: "chip" },
                  explorer.swatch(place),
                  explorer.link(run, ["run", run]),
                  runs.length > 1
                    ? h(
                        "button",
                        {
                          type: "button",
                          "aria-label": `take ${run} away`,
                          onclick: () => go(runs.filter((other) => other !== run)),
                        },
                        "✕",
                      )
                    : null,
                ),
              ),
              others.length
                ? h(
                    "label",
                    {},
                    h("span", { class: "hidden" }, "Add a run"),
                    h(
                      "select",
                      { onchange: (event) => go([...runs, event.target.value]) },
                      h("option", { value: "" }, `+ ${count(others.length)} other runs`),
                      others.map((run) => h("option", { value: run }, run)),
                    ),
                  )
                : null,
              runs.length > 1 && explorer.source.holds("compare", ...runs)
                ? h(
                    "a",
                    {
                      href: explorer.address(
                        ["compare"],
                        runs.map((run) => ["run", run]),
                      ),
                    },
                    "is the difference more than chance?",
                  )
                : null,
            ),
    };
  };

  const figures = (context, query) => {
    const { split, answers, runs } = context,
      several = answers.length > 1,
      made = [];
    const pick = (of, changes) => {
      explorer.change({ page: null, of: of === answers[0].run ? null : of, ...changes });
      document.getElementById("examples").scrollIntoView({ block: "start" });
    };
    const chosen = { gold: query.get("gold"), said: query.get("said") };
    for (const [place, one] of answers.slice(0, MOST_FIGURES).entries()) {
      const of = query.get("of") || answers[0].run;
      if (one.confusion)
        made.push(
          explorer.confusion(one.run, one.confusion, several, of === one.run ? chosen : {}, (changes) =>
            pick(one.run, changes),
          ),
        );
      const { gold, said } = one.columns;
      if (!split.classes.length && one.measure?.kind === "error" && gold && said) {
        const points = gold
          .map((value, at) => ({ gold: value, said: said[at], place: split.kept[at] }))
          .filter((point) => point.gold !== null && point.said !== null && point.said !== undefined);
        if (points.length)
          made.push(
            explorer.scatter(one.run, place, points, gold.length - points.length, several, (point) =>
              pick(one.run, { example: point.place }),
            ),
          );
      }
      if (one.histogram) {
        const last = one.histogram.at(-1)[1];
        made.push(
          explorer.histogram(one.run, place, one.histogram, one.measure.name, several, (bar) =>
            pick(one.run, { low: bar.low, high: bar.high, last: bar.high === last ? 1 : null }),
          ),
        );
      }
    }
    const measured = answers.filter((one) => one.lengths);
    if (measured.length) {
      made.push(
        explorer.lengths(
          answers.map((one) => one.run),
          answers.map((one) => one.lengths),
          measured[0].measure.name,
          pick,
        ),
      );
    }
    if (answers.some((one) => one.no_answer?.length))
      made.push(
        explorer.precisionRecall(
          runs,
          answers.map((one) => one.no_answer),
        ),
      );
    if (answers.some((one) => one.calibration)) {
      const calibrations = answers.map((one) => one.calibration);
      const none = { above: null, most: null, least: null };
      const [reliability, kept] = [explorer.reliability, explorer.kept].map((chart) =>
        chart(runs, calibrations, (run, changes) => pick(run, { ...none, ...changes })),
      );
      reliability.append(explorer.confidentMistakes(context.task, context.split_name, runs, calibrations));
      made.push(reliability, kept);
    }
    return made;
  };

  explorer.pages.task = async ([task, splitName], query) => {
    const index = await explorer.source.index();
    const asked = query.getAll("run");
    const { having } = chooser(index, task, splitName, []);
    const runs = asked.length ? asked : having.slice(0, 1);
    if (!runs.length) throw new Error(`no run here has ${task} ${splitName}`);
    const key = `${task} ${splitName}`,
      pages = await Promise.all(runs.map((run) => explorer.source.run(run)));
    const scores = h("div", {}, scoreTable(runs, pages, key, false)),
      place = h("div", {}),
      all = h("input", {
        type: "checkbox",
        onchange: () => scores.replaceChildren(scoreTable(runs, pages, key, all.checked)),
      });
    const cautions = pages.flatMap((page, at) =>
      page.cautions
        .filter((one) => `${one.task} ${one.split}` === key)
        .map((one) => ({ ...one, run: runs.length > 1 ? runs[at] : null })),
    );
    const signatures = pages[0].rows.filter((row) => `${row.task} ${row.split}` === key);
    let list = null;

    // The scores stand at once; what needs the examples comes when they were read.
    const fill = async () => {
      const found = await Promise.allSettled(runs.map((run) => explorer.source.answers(task, splitName, run)));
      const faults = found.flatMap((one, at) =>
        one.status === "rejected"
          ? [{ run: runs.length > 1 ? runs[at] : null, text: `no examples are shown: ${one.reason.message}` }]
          : [],
      );
      let answers = found.flatMap((one, at) => (one.status === "fulfilled" ? [{ ...one.value, run: runs[at] }] : []));
      for (const one of answers.filter((other) => other.data !== answers[0].data))
        faults.push({ run: one.run, text: "its examples are not shown: its data is not the first one’s" });
      answers = answers.filter((one) => one.data === answers[0].data);
      if (!answers.length) {
        place.replaceChildren(explorer.cautions(faults));
        return;
      }
      const split = await explorer.source.split(task, splitName, answers[0].run);
      const shown = answers.map((one) => one.run),
        others = having.filter((run) => !shown.includes(run));
      const context = { task, split_name: splitName, split, answers, runs: shown, others, measure: answers[0].measure };
      context.slices = explorer.slices(context);
      list = explorer.exampleList(context);
      const now = explorer.here().query;
      const drawn = h("div", { class: "figures" }, figures(context, now));
      list.redraw = (next) => {
        context.slices.update(next);
        // a matrix shows which of its cells is chosen
        drawn.querySelectorAll(".confusion button").forEach((button) => button.setAttribute("aria-pressed", "false"));
        if (next.has("said"))
          [...drawn.querySelectorAll("figure")].forEach((figure, at) => {
            const one = answers.slice(0, MOST_FIGURES).filter((other) => other.confusion)[at];
            if (!one || one.run !== (next.get("of") || answers[0].run)) return;
            if (!next.has("gold") && one.confusion.hits[0] !== null) return; // a column, of which no cell is the filter
            const row = Number(next.get("gold") || 0),
              name = { "-1": "unreadable", "-2": "missing" }[next.get("said")];
            const column = name ? one.confusion.columns.indexOf(name) : Number(next.get("said"));
            figure
              .querySelectorAll("tbody tr")
              [row]?.querySelectorAll("td")
              [column]?.querySelector("button")
              ?.setAttribute("aria-pressed", "true");
          });
      };
      place.replaceChildren(...[explorer.cautions(faults), context.slices.content, drawn, list.content].filter(Boolean));
      list.redraw(now);
      await list.update(now);
    };

    const page = {
      title: `${task} ${splitName}`,
      trail: [...(runs.length === 1 ? [[runs[0], ["run", runs[0]]]] : []), [key, null]],
      update: (next) => {
        list?.redraw(next);
        return list?.update(next);
      },
      content: [
        h("p", { class: "kind" }, "Task and split"),
        h("h1", {}, explorer.breakable(task), " ", h("span", { class: "quiet" }, splitName)),
        chooser(index, task, splitName, runs).content,
        facts(runs, pages, key),
        explorer.cautions(cautions),
        scores,
        h("p", {}, h("label", { class: "check" }, all, " also T5’s variants and other forms of a score")),
        signatures.length
          ? h(
              "details",
              {},
              h("summary", {}, "How each score is defined"),
              h(
                "dl",
                { class: "signatures" },
                signatures.map((row) => [h("dt", {}, row.score), h("dd", {}, h("code", {}, row.signature))]),
              ),
            )
          : null,
        place,
      ],
      after: () => {
        place.replaceChildren(h("p", { class: "quiet" }, "Reading the examples …"));
        fill().catch((error) => place.replaceChildren(explorer.cautions([{ text: error.message }])));
      },
    };
    return page;
  };
})();
