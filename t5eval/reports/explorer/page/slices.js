"use strict";
// A split's slices: what each run scores on the examples that have something in common, read when they are opened.
(() => {
  const { h, count } = explorer;

  const table = (context, found, name, score, query) => {
    const { runs } = context,
      values = found.by[name].values;
    const rows = values.map((value, place) => ({
      value,
      place,
      own: runs.map((run) => found.scores[run]?.[name][place] || null),
    }));
    const of = (row, run) => row.own[run]?.scores[score] || null;
    const ends = rows.flatMap((row) =>
      runs.flatMap((_, run) => (of(row, run) ? of(row, run)[1] || [of(row, run)[0]] : [])),
    );
    const bounds = explorer.fitted(ends.filter((value) => value !== null).concat(ends.length ? [] : [0]));
    const n = (row) => row.own.find(Boolean)?.n ?? null;
    return explorer.table({
      caption: `${score} by ${name}, in percent, with 95 % intervals`,
      rows,
      sort: query.get("slices"),
      onsort: (slices) => explorer.change({ slices }),
      columns: [
        {
          key: "value",
          name,
          of: (row) => row.place,
          cell: (row) =>
            explorer.filterButton(row.value, () => {
              explorer.change({ under: row.value, page: null });
              document.getElementById("examples").scrollIntoView({ block: "start" });
            }),
        },
        {
          key: "n",
          name: "n",
          numeric: true,
          of: n,
          cell: (row) => [
            count(n(row)),
            row.own.some((one) => one?.few) ? h("span", { class: "caution" }, " few") : null,
          ],
        },
        ...runs.map((run, place) => ({
          key: `run ${place}`,
          name: [runs.length > 1 ? explorer.swatch(place) : null, runs.length > 1 ? run : "Value"],
          numeric: true,
          of: (row) => of(row, place)?.[0] ?? null,
          cell: (row) => (of(row, place) ? explorer.withInterval(...of(row, place)) : "–"),
        })),
        explorer.whiskerColumn(bounds, (row) =>
          runs.map((_, place) => ({ value: of(row, place)?.[0], ci95: of(row, place)?.[1], place })),
        ),
      ],
    });
  };

  // Returns the section of a split's slices. `read` gives them to who filters by one; `update` follows the address.
  explorer.slices = (context) => {
    let found = null,
      reading = null;
    const place = h("div", {}, h("p", { class: "quiet" }, "Scoring the slices …"));
    const details = h("details", { class: "slices" }, h("summary", {}, "Scores by slice"), place);
    const read = () =>
      (reading ??= explorer.source.slices(context.task, context.split_name, context.runs).then((all) => (found = all)));
    const select = (label, value, names, pick) =>
      h(
        "label",
        {},
        `${label} `,
        h(
          "select",
          { onchange: (event) => pick(event.target.value) },
          names.map((one) => h("option", { value: one, selected: one === value }, one)),
        ),
      );
    const draw = (query) => {
      const names = Object.keys(found.by);
      if (!names.length) {
        place.replaceChildren(h("p", { class: "quiet" }, "Nothing divides these examples."));
        return;
      }
      const name = names.includes(query.get("by")) ? query.get("by") : names[0];
      const scored = Object.values(found.scores).flatMap((run) => run[name].filter(Boolean));
      const scores = [...new Set(scored.flatMap((one) => Object.keys(one.scores)))];
      const score = scores.includes(query.get("score")) ? query.get("score") : scores[0];
      place.replaceChildren(
        h(
          "p",
          { class: "controls" },
          select("By", name, names, (by) => explorer.change({ by, under: null, page: null })),
          scores.length > 1 ? select("Score", score, scores, (next) => explorer.change({ score: next })) : null,
        ),
        table(context, found, name, score, query),
        found.by[name].more
          ? h("p", { class: "quiet" }, `${count(found.by[name].more)} more values with fewer examples are not shown.`)
          : "",
      );
    };
    const failed = (error) => place.replaceChildren(h("p", { class: "quiet" }, error.message));
    details.addEventListener("toggle", () => {
      if (details.open && !found)
        read()
          .then(() => draw(explorer.here().query))
          .catch(failed);
    });
    return {
      content: details,
      // Returns which value's number an address asks for, and what each kept example stands under; null for none.
      chosen: async (query) => {
        if (!query.has("under")) return null;
        const { by } = await read();
        const one = by[query.get("by")] || Object.values(by)[0];
        return { number: one.values.indexOf(query.get("under")), of: one.of };
      },
      update: (query) => {
        if (query.has("by") || query.has("under")) details.open = true;
        if (found) draw(query);
      },
    };
  };
})();
