"use strict";
// Tables that sort, and the small plots of intervals in them.
(() => {
  const { h, svg } = explorer;
  const WIDTH = 120;

  const compared = (a, b) => {
    const empty = [a, b].map((value) => value === null || value === undefined || value === "");
    if (empty[0] || empty[1]) return empty[0] - empty[1]; // what is not there stands last, whichever way
    return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
  };

  // Returns rows in the order of a column. `sort` is its key, with a minus before it for descending.
  explorer.sorted = (rows, columns, sort) => {
    const down = sort?.startsWith("-"),
      column = columns.find((one) => one.key === sort?.replace(/^-/, ""));
    if (!column) return rows;
    return rows
      .map((row, place) => [column.of(row), place, row])
      .sort((a, b) => {
        const order = compared(a[0], b[0]);
        const missing = [a[0], b[0]].some((value) => value === null || value === undefined || value === "");
        return (down && !missing ? -order : order) || a[1] - b[1];
      })
      .map(([, , row]) => row);
  };

  // Returns a table in a region that scrolls by itself.
  //   columns: key, name, of (the value to sort by), cell (what is shown; `of` if none), numeric, hint
  //   sort: as in `sorted`; onsort: told the new one. Without onsort the heads are plain.
  explorer.table = ({ caption, columns, rows, sort, onsort, className, row: rowAttributes = () => ({}) }) => {
    const head = columns.map((column) => {
      const on = sort?.replace(/^-/, "") === column.key;
      const way = on ? (sort.startsWith("-") ? "descending" : "ascending") : null;
      const next = on
        ? sort.startsWith("-")
          ? column.key
          : `-${column.key}`
        : column.numeric
          ? `-${column.key}`
          : column.key;
      const sortable = onsort && column.of && column.name;
      const label = sortable
        ? h(
            "button",
            { type: "button", class: "sort", onclick: () => onsort(next), title: column.hint || null },
            column.name,
            h(
              "span",
              { class: "arrow", "aria-hidden": "true" },
              way === "ascending" ? " ▲" : way === "descending" ? " ▼" : "",
            ),
          )
        : column.head || h("span", { title: column.hint || null }, column.name);
      const plain = !column.name && !column.head;
      return h(
        plain ? "td" : "th",
        { scope: plain ? null : "col", class: column.className || (column.numeric ? "n" : null), "aria-sort": way },
        label,
      );
    });
    const body = explorer.sorted(rows, columns, sort).map((row) =>
      h(
        "tr",
        rowAttributes(row),
        columns.map((column, place) => {
          const shown = column.cell ? column.cell(row) : column.of(row);
          return h(
            column.heads || (place === 0 && !column.plain) ? "th" : "td",
            {
              scope: column.heads || (place === 0 && !column.plain) ? "row" : null,
              class: column.className || (column.numeric ? "n" : null),
            },
            shown,
          );
        }),
      ),
    );
    return h(
      "div",
      { class: "wide", role: "region", "aria-label": caption, tabindex: "0" },
      h(
        "table",
        { class: className || null },
        h("caption", {}, caption),
        h("thead", {}, h("tr", {}, head)),
        h("tbody", {}, body),
      ),
    );
  };

  // Returns round ends that enclose values; shares stay within what they can be.
  explorer.fitted = (values) => {
    const low = Math.min(...values),
      high = Math.max(...values);
    const step = 10 ** Math.floor(Math.log10(Math.max(high - low, 0.1)));
    let ends = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
    if (low >= 0) ends[0] = Math.max(0, ends[0]);
    if (high <= 100) ends[1] = Math.min(100, ends[1]);
    if (ends[0] === ends[1]) ends = [ends[0] - step, ends[1] + step];
    return ends;
  };

  // Returns points with whiskers on one axis, from `low` to `high`, beside the numbers that say the same.
  explorer.whiskers = (scores, [low, high]) => {
    const x = (value) => 4 + ((WIDTH - 8) * (Math.min(Math.max(value, low), high) - low)) / (high - low);
    const height = 10 * scores.length + 4;
    return svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, "aria-hidden": "true", class: "whiskers" },
      svg("line", { class: "axis", x1: 4, x2: WIDTH - 4, y1: height / 2, y2: height / 2 }),
      low < 0 && high > 0 ? svg("line", { class: "zero", x1: x(0), x2: x(0), y1: 0, y2: height }) : null,
      ...scores.map(({ value, ci95, place = 0 }, number) => {
        if (value === null || value === undefined) return null;
        const y = 10 * number + 7,
          ends = ci95 || [value, value];
        return svg(
          "g",
          { class: `s${place % 6}` },
          svg("line", { class: "whisker", x1: x(ends[0]), x2: x(ends[1]), y1: y, y2: y }),
          svg("circle", { cx: x(value), cy: y, r: 2.8 }),
        );
      }),
    );
  };
  explorer.scale = ([low, high]) =>
    h(
      "span",
      { class: "scale", "aria-hidden": "true" },
      h("span", {}, explorer.compact(low)),
      h("span", {}, explorer.compact(high)),
    );

  // Returns a table's column of them; `scores` takes a row.
  explorer.whiskerColumn = (bounds, scores) => ({
    key: "plot",
    name: "",
    head: explorer.scale(bounds),
    className: "whisker-cell",
    cell: (row) => explorer.whiskers(scores(row), bounds),
  });

  // Returns what a cell shows of a score.
  explorer.withInterval = (value, ci95) => [
    h("span", { class: "v" }, explorer.number(value)),
    " ",
    h("span", { class: "ci" }, explorer.interval(ci95)),
  ];
})();
