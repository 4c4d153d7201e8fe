"use strict";
// Charts, drawn by Observable Plot once the page stands; under each the same as a table, which the keyboard reaches.
(() => {
  const { h, number, count, compact } = explorer;
  const libraries = new Map();

  // Loads a library of `vendor` when it is first needed.
  explorer.library = (...names) => {
    const key = names.join(" ");
    if (!libraries.has(key)) {
      libraries.set(
        key,
        names.reduce((before, name) => before.then(() => explorer.script(`vendor/${name}.js`)), Promise.resolve()),
      );
    }
    return libraries.get(key);
  };

  // Returns a figure.
  //   says: what it shows in a sentence; draw: makes it, given Plot and the width; pick: told of the datum clicked
  //   table: what stands under it, made when it is opened
  explorer.figure = ({ title, says, draw, pick, table, legend }) => {
    const place = h("div", { class: "plot" });
    const paint = () => {
      const width = place.clientWidth;
      if (!width) return;
      const drawn = draw(window.Plot, Math.min(width, 640));
      drawn.setAttribute("role", "img");
      drawn.setAttribute("aria-label", `${title}. ${says}`);
      // Within an image, parts have no names of their own.
      drawn.querySelectorAll("[aria-label]").forEach((part) => part.removeAttribute("aria-label"));
      if (pick) {
        drawn.classList.add("picks");
        drawn.addEventListener("click", () => {
          if (drawn.value) pick(drawn.value);
        });
      }
      place.replaceChildren(drawn);
    };
    explorer
      .library("d3", "plot")
      .then(() => {
        paint();
        let width = place.clientWidth;
        new ResizeObserver(() => {
          if (place.clientWidth !== width) {
            width = place.clientWidth;
            paint();
          }
        }).observe(place);
      })
      .catch((error) => place.replaceChildren(h("p", { class: "quiet" }, error.message)));
    const details = table && h("details", {}, h("summary", {}, "As a table"));
    details?.addEventListener("toggle", () => {
      if (details.open && details.children.length < 2) details.append(table());
    });
    return h(
      "figure",
      {},
      h("figcaption", {}, title),
      place,
      legend || null,
      h("p", { class: "quiet says" }, says),
      details || null,
    );
  };

  explorer.legend = (runs) =>
    runs.length < 2
      ? null
      : h(
          "p",
          { class: "legend" },
          runs.map((run, place) => h("span", { class: "run" }, explorer.swatch(place), run, " ")),
        );

  explorer.filterButton = (text, pick) => h("button", { type: "button", class: "quietly", onclick: pick }, text);

  // How values are spread; a bar filters.
  explorer.histogram = (run, place, found, measure, several, pick) => {
    const bars = found.map(([low, high, n]) => ({ low, high, n }));
    const total = bars.reduce((sum, bar) => sum + bar.n, 0),
      fullest = bars.reduce((a, b) => (b.n > a.n ? b : a));
    const range = (bar) => `${compact(bar.low)} to ${compact(bar.high)}`;
    return explorer.figure({
      title: `Spread of ${measure}${several ? `: ${run}` : ""}`,
      says: `${count(total)} answers; most (${count(fullest.n)}) from ${range(fullest)}. A bar shows its examples.`,
      pick,
      draw: (Plot, width) =>
        Plot.plot({
          width,
          height: 220,
          marginLeft: 52,
          marginBottom: 38,
          x: { label: measure },
          y: { label: "examples", grid: true },
          marks: [
            Plot.rectY(bars, { x1: "low", x2: "high", y: "n", fill: explorer.colour(place), inset: 0.5 }),
            Plot.ruleY([0]),
            Plot.tip(
              bars,
              Plot.pointerX({
                x: (bar) => (bar.low + bar.high) / 2,
                y: "n",
                title: (bar) => `${range(bar)}: ${count(bar.n)}`,
              }),
            ),
          ],
        }),
      table: () =>
        explorer.table({
          caption: `Spread of ${measure}`,
          rows: bars,
          columns: [
            {
              key: "range",
              name: measure,
              of: (bar) => bar.low,
              cell: (bar) => explorer.filterButton(range(bar), () => pick(bar)),
            },
            { key: "n", name: "examples", of: (bar) => bar.n, cell: (bar) => count(bar.n), numeric: true },
          ],
        }),
    });
  };

  // True numbers against predicted ones; a point opens its example.
  explorer.scatter = (run, place, points, left, several, pick) =>
    explorer.figure({
      title: `True against predicted${several ? `: ${run}` : ""}`,
      says: `${count(points.length)} examples${left ? `, of ${count(left)} more the answer is no number` : ""}. A point opens its example; the list below has them all.`,
      pick,
      draw: (Plot, width) =>
        Plot.plot({
          width,
          height: Math.min(width, 360),
          marginLeft: 46,
          marginBottom: 38,
          grid: true,
          x: { label: "true" },
          y: { label: "predicted" },
          marks: [
            Plot.link(
              [
                points.reduce(
                  (ends, { gold }) => [Math.min(ends[0], gold), Math.max(ends[1], gold)],
                  [Infinity, -Infinity],
                ),
              ],
              { x1: "0", y1: "0", x2: "1", y2: "1", stroke: "var(--soft)", strokeDasharray: "3 3" },
            ),
            Plot.dot(points, { x: "gold", y: "said", r: 2.5, fill: explorer.colour(place), fillOpacity: 0.45 }),
            Plot.dot(points, Plot.pointer({ x: "gold", y: "said", r: 5, stroke: "var(--ink)" })),
            Plot.tip(
              points,
              Plot.pointer({
                x: "gold",
                y: "said",
                title: (one) => `true ${compact(one.gold)}, predicted ${compact(one.said)}`,
              }),
            ),
          ],
        }),
    });

  // Courses of a number in training, one line a run.
  explorer.curves = (name, runs, curves) => {
    const data = runs.flatMap((run, place) =>
      (curves[place] || []).map(([step, value]) => ({ step, value, run, place })),
    );
    const ends = runs
      .map((run, place) =>
        curves[place]?.length
          ? `${runs.length > 1 ? `${run}: ` : ""}${compact(curves[place][0][1])} at first, ${compact(curves[place].at(-1)[1])} at the end`
          : "",
      )
      .filter(Boolean);
    return explorer.figure({
      title: name,
      says: `${ends.join("; ")}.`,
      legend: explorer.legend(runs),
      draw: (Plot, width) =>
        Plot.plot({
          width,
          height: 220,
          marginLeft: 64,
          marginBottom: 38,
          x: { label: "step" },
          y: { label: null, grid: true, nice: true, tickFormat: (value) => compact(value) },
          marks: [
            ...runs.map((run, place) =>
              Plot.lineY(
                data.filter((one) => one.place === place),
                {
                  x: "step",
                  y: "value",
                  stroke: explorer.colour(place),
                  strokeWidth: 1.6,
                  strokeDasharray: ["0", "6 3", "2 3"][place % 3],
                },
              ),
            ),
            ...runs.map((run, place) =>
              Plot.dot(
                data.filter((one) => one.place === place && curves[place].length <= 12),
                { x: "step", y: "value", r: 3, fill: explorer.colour(place) },
              ),
            ),
            Plot.tip(
              data,
              Plot.pointer({
                x: "step",
                y: "value",
                title: (one) =>
                  `${runs.length > 1 ? `${one.run}\n` : ""}step ${count(one.step)}: ${compact(one.value)}`,
              }),
            ),
          ],
        }),
      table: () =>
        explorer.table({
          caption: name,
          rows: data.filter((one, at) => data.length <= 200 || at % Math.ceil(data.length / 200) === 0),
          columns: [
            { key: "step", name: "step", of: (one) => one.step, cell: (one) => count(one.step), numeric: true },
            ...(runs.length > 1 ? [{ key: "run", name: "run", of: (one) => one.run }] : []),
            { key: "value", name, of: (one) => one.value, cell: (one) => compact(one.value), numeric: true },
          ],
        }),
    });
  };

  // A confusion matrix, whose cells filter.
  explorer.confusion = (run, found, several, chosen, pick) => {
    const special = { unreadable: -1, missing: -2 };
    const said = (column) => (column < found.classes ? column : special[found.columns[column]]);
    const title = `${found.hits[0] !== null ? "True class against answer" : "How often each answer was given"}${several ? `: ${run}` : ""}`;
    return h(
      "figure",
      {},
      h(
        "div",
        { class: "wide", role: "region", "aria-label": title, tabindex: "0" },
        h(
          "table",
          { class: "confusion" },
          h("caption", {}, title),
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("td", {}),
              found.columns.map((name) => h("th", { scope: "col", class: "n" }, name)),
            ),
          ),
          h(
            "tbody",
            {},
            found.rows.map(([name, counts], row) => {
              const total = counts.reduce((a, b) => a + b, 0),
                hit = found.hits[row];
              return h(
                "tr",
                {},
                h("th", { scope: "row" }, name),
                counts.map((n, column) => {
                  const share = total ? (100 * n) / total : 0,
                    gold = hit === null ? null : row;
                  const on = chosen.said === String(said(column)) && (gold === null || chosen.gold === String(gold));
                  const text = [count(n), " ", h("span", { class: "ci" }, `${Math.round(share)} %`)];
                  const cell = h(
                    "td",
                    { class: `n ${hit === column || hit === null ? "hit" : "miss"}` },
                    n
                      ? h(
                          "button",
                          {
                            type: "button",
                            class: "cell",
                            "aria-pressed": on ? "true" : "false",
                            title: `show the ${count(n)} examples of ${name} answered ${found.columns[column]}`,
                            onclick: (event) =>
                              pick(
                                event.currentTarget.getAttribute("aria-pressed") === "true"
                                  ? { gold: null, said: null }
                                  : { gold, said: said(column) },
                              ),
                          },
                          text,
                        )
                      : h("span", { class: "cell" }, text),
                  );
                  cell.style.setProperty("--share", `${share.toFixed(1)}%`);
                  return cell;
                }),
              );
            }),
          ),
        ),
      ),
    );
  };
})();
