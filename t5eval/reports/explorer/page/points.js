"use strict";
// Charts of means with their intervals, a line a run: over lengths, over confidence, over the share that is answered.
(() => {
  const { h, number, count, compact } = explorer;
  const range = (low, high) => (low === high ? compact(low) : `${compact(low)} to ${compact(high)}`);

  // Returns a figure of points.
  //   data: x, y, ci95, n, what (the part in words), with run and place
  //   parts: how the column of `what` is called; diagonal: whether y would best be x; axis: more of what x is drawn by
  const points = ({ title, says, runs, data, parts, x, y, axis, bounds, diagonal, pick }) => {
    const at = (one) => (axis?.type === "log" ? one.x * (1 + 0.012 * one.place) : one.x);
    return explorer.figure({
      title,
      says,
      pick,
      legend: explorer.legend(runs),
      draw: (Plot, width) =>
        Plot.plot({
          width,
          height: 240,
          marginLeft: 52,
          marginBottom: 38,
          x: { label: x, ...axis },
          y: { label: y, grid: true, domain: bounds, clamp: true },
          marks: [
            diagonal
              ? Plot.link([[Math.max(bounds[0], axis.domain[0]), Math.min(bounds[1], axis.domain[1])]], {
                  x1: "0",
                  y1: "0",
                  x2: "1",
                  y2: "1",
                  stroke: "var(--soft)",
                  strokeDasharray: "3 3",
                })
              : null,
            ...runs.flatMap((run, place) => {
              const own = data.filter((one) => one.place === place);
              return [
                Plot.ruleX(
                  own.filter((one) => one.ci95),
                  { x: at, y1: (one) => one.ci95[0], y2: (one) => one.ci95[1], stroke: explorer.colour(place) },
                ),
                Plot.lineY(own, {
                  x: at,
                  y: "y",
                  stroke: explorer.colour(place),
                  strokeDasharray: ["0", "6 3", "2 3"][place % 3],
                }),
                Plot.dot(own, { x: at, y: "y", fill: explorer.colour(place), r: 3.5 }),
              ];
            }),
            Plot.tip(
              data,
              Plot.pointer({
                x: at,
                y: "y",
                title: (one) =>
                  `${runs.length > 1 ? `${one.run}\n` : ""}${one.what} ${parts}\n${number(one.y)} ${explorer.interval(one.ci95)}\nn = ${count(one.n)}`,
              }),
            ),
          ],
        }),
      table: () =>
        explorer.table({
          caption: title,
          rows: data,
          columns: [
            {
              key: "what",
              name: parts,
              of: (one) => one.x,
              cell: (one) => explorer.filterButton(one.what, () => pick(one)),
            },
            ...(runs.length > 1 ? [{ key: "run", name: "run", of: (one) => one.run }] : []),
            { key: "n", name: "n", of: (one) => one.n, cell: (one) => count(one.n), numeric: true },
            {
              key: "y",
              name: y,
              of: (one) => one.y,
              cell: (one) => `${number(one.y)} ${explorer.interval(one.ci95)}`,
              numeric: true,
            },
          ],
        }),
    });
  };

  // A sentence of what each run has of something.
  const each = (runs, found, say) =>
    runs
      .map((run, place) => (found[place] ? `${runs.length > 1 ? `${run}: ` : ""}${say(found[place])}` : ""))
      .filter(Boolean)
      .join("; ");
  const fittedTo = (data) => explorer.fitted(data.flatMap((one) => one.ci95 || [one.y]));

  // The mean over inputs of about equally many words.
  explorer.lengths = (runs, parts, measure, pick) => {
    const data = runs.flatMap((run, place) =>
      (parts[place] || [])
        .filter((part) => part.mean !== null)
        .map((part) => ({
          x: Math.sqrt(Math.max(part.low, 1) * Math.max(part.high, 1)),
          y: part.mean,
          ci95: part.ci95,
          n: part.count,
          what: range(part.low, part.high),
          short: part.low,
          long: part.high,
          run,
          place,
        })),
    );
    const own = runs.map((_, place) => data.filter((one) => one.place === place)).map((all) => (all.length ? all : null));
    return points({
      title: `Length against ${measure}`,
      says: `${each(runs, own, (all) => `${number(all[0].y)} for the shortest, ${number(all.at(-1).y)} for the longest`)}. Bars are 95 % intervals; a point shows its examples.`,
      runs,
      data,
      parts: "words",
      x: "words of the input, middle of each part",
      y: `mean ${measure}`,
      axis: { type: "log" },
      bounds: fittedTo(data),
      pick: ({ run, short, long }) => pick(run, { short, long }),
    });
  };

  // The share of right answers against how probable the model found them.
  explorer.reliability = (runs, found, pick) => {
    const data = runs.flatMap((run, place) =>
      (found[place]?.bins || [])
        .filter((bin) => bin.n)
        .map((bin) => ({
          x: bin.confidence,
          y: bin.right,
          ci95: bin.ci95,
          n: bin.n,
          what: range(bin.low, bin.high),
          above: bin.low,
          most: bin.high,
          run,
          place,
        })),
    );
    const ece = (one) =>
      `calibration error ${number(one.ece)} ${explorer.interval(one.ci95)}, by chance alone ${number(one.by_chance)}; ${number(one.whole.confidence)} % confident on average, ${number(one.whole.right)} % right`;
    return points({
      title: "Reliability: confidence against right answers",
      says: `${each(runs, found, ece)}. On the dashed line answers are right as often as the model finds them probable; a point shows its examples.`,
      runs,
      data,
      parts: "% confidence",
      x: "mean confidence, %",
      y: `right (${found.find(Boolean).by}), %`,
      axis: { domain: [Math.min(...data.map((one) => one.above)), 100] },
      bounds: [Math.min(...data.flatMap((one) => [one.above, ...one.ci95])), 100],
      diagonal: true,
      pick: ({ run, above, most }) => pick(run, { above, most }),
    });
  };

  // What is right of the most confident answers, were the others left out.
  explorer.kept = (runs, found, pick) => {
    const data = runs.flatMap((run, place) =>
      (found[place]?.kept || []).map((part) => ({
        x: (100 * part.n) / found[place].whole.n,
        y: part.right,
        ci95: part.ci95,
        n: part.n,
        what: `${compact(part.low)} or more`,
        least: part.low,
        run,
        place,
      })),
    );
    const first = (one) =>
      `${number(one.kept[0].right)} % right of the most confident ${count(one.kept[0].n)}, ${number(one.whole.right)} % of all ${count(one.whole.n)}`;
    return points({
      title: "Right answers, if only the most confident were given",
      says: `${each(runs, found, first)}. A point shows its examples.`,
      runs,
      data,
      parts: "% confidence",
      x: "answered, %",
      y: `right (${found.find(Boolean).by}), %`,
      axis: { domain: [0, 100] },
      bounds: fittedTo(data),
      pick: ({ run, least }) => pick(run, { least }),
    });
  };

  // Precision against recall, as more questions are answered, those first that least likely have no answer.
  explorer.precisionRecall = (runs, found) => {
    const data = runs.flatMap((run, place) =>
      (found[place] || []).flatMap(({ score, points: own }) =>
        own.map(([threshold, recall, precision]) => ({ threshold, recall, precision, score, run, place })),
      ),
    );
    const scores = [...new Set(data.map((one) => one.score))];
    const best = (all) =>
      all
        .map(
          (one) =>
            `best ${one.score} ${number(one.best)} with no answer above ${compact(one.threshold)}, average precision ${number(one.average_precision)}`,
        )
        .join(", ");
    return explorer.figure({
      title: "Precision against recall, by the probability of no answer",
      says: `${each(runs, found.map((all) => (all?.length ? all : null)), best)}. Thin lines are ${scores[0]}, thick ones ${scores.slice(1).join(", ")}.`,
      legend: explorer.legend(runs),
      draw: (Plot, width) =>
        Plot.plot({
          width,
          height: 240,
          marginLeft: 52,
          marginBottom: 38,
          x: { label: "recall, %", domain: [0, 100] },
          y: { label: "precision, %", grid: true, domain: [0, 100] },
          marks: [
            Plot.lineY(data, {
              x: "recall",
              y: "precision",
              z: (one) => `${one.place} ${one.score}`,
              stroke: (one) => explorer.colour(one.place),
              strokeWidth: (one) => (one.score === scores[0] ? 1 : 2.2),
            }),
            Plot.tip(
              data,
              Plot.pointer({
                x: "recall",
                y: "precision",
                title: (one) =>
                  `${runs.length > 1 ? `${one.run}\n` : ""}${one.score}: recall ${number(one.recall)}, precision ${number(one.precision)}\nno answer above ${compact(one.threshold)}`,
              }),
            ),
          ],
        }),
      table: () =>
        explorer.table({
          caption: "Precision and recall, in percent",
          rows: data.filter((_, at) => data.length <= 200 || at % Math.ceil(data.length / 200) === 0),
          columns: [
            { key: "score", name: "score", of: (one) => one.score },
            ...(runs.length > 1 ? [{ key: "run", name: "run", of: (one) => one.run }] : []),
            {
              key: "threshold",
              name: "no answer above",
              of: (one) => one.threshold,
              cell: (one) => compact(one.threshold),
              numeric: true,
            },
            { key: "recall", name: "recall", of: (one) => one.recall, cell: (one) => number(one.recall), numeric: true },
            {
              key: "precision",
              name: "precision",
              of: (one) => one.precision,
              cell: (one) => number(one.precision),
              numeric: true,
            },
          ],
        }),
    });
  };

  // Where the most confident mistakes are to be seen, of each run.
  explorer.confidentMistakes = (task, split, runs, found) =>
    h(
      "p",
      { class: "quiet" },
      "Most confident mistakes",
      runs.length > 1 ? " of " : ": ",
      runs.map((run, place) =>
        found[place]
          ? [
              place ? ", " : "",
              explorer.link(
                runs.length > 1 ? run : "show them",
                ["task", task, split],
                [...runs.map((other) => ["run", other]), ["of", run], ["right", 0], ["sort", "sure"]],
              ),
            ]
          : null,
      ),
    );
})();
