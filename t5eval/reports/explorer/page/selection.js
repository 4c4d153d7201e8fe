"use strict";
// Which examples an address asks for, in its order: by the columns, whatever holds the examples themselves.
(() => {
  // Returns which of the kept examples a query asks for, in its order, as numbers into the columns.
  //   found: the places that a search left, null for all; slice: see `chosen` of a split's slices
  explorer.selected = (query, split, answers, found, slice) => {
    const of = answers.find((one) => one.run === query.get("of")) || answers[0],
      columns = of.columns,
      every = answers.map((one) => one.columns);
    const whole = (key) => (query.has(key) ? Number(query.get(key)) : null),
      [low, high, short, long] = ["low", "high", "short", "long"].map(whole),
      [above, most, least, wrong] = ["above", "most", "least", "wrong"].map(whole),
      asRight = whole("right");
    const show = query.get("show"),
      bit = split.filters.indexOf(show) >= 0 ? 1 << split.filters.indexOf(show) : 0,
      gold = whole("gold"),
      said = whole("said");
    const last = query.get("last") === "1"; // of a histogram's bars the last one is closed
    const different = (at) =>
      new Set(every.map((one) => one.answer?.[at]).filter((one) => one !== null && one !== undefined)).size;
    // Whether an answer is right; what was not answered is neither.
    const right = ({ columns: one }, at) =>
      !one.flags || one.flags[at] === null ? null : one.right ? one.right[at] === 1 : !(one.flags[at] & 1);
    const rights = (at) => answers.map((one) => right(one, at)).filter((value) => value !== null);
    const sure = (at) => columns.confidence?.[at] ?? null;
    const numbers = [];
    for (let at = 0; at < split.kept.length; at += 1) {
      if (found && !found.has(split.kept[at])) continue;
      if (every.every((one) => !one.flags || one.flags[at] === null)) continue;
      if (bit && !(columns.flags[at] & bit)) continue;
      if (show === "right" && columns.flags[at] & 1) continue;
      if (show === "runs differ" && different(at) < 2) continue;
      if (show === "disagree" && new Set(rights(at)).size < 2) continue;
      const known = wrong === null ? [] : rights(at);
      if (wrong !== null && (known.length < answers.length || known.filter((value) => !value).length !== wrong)) continue;
      if (asRight !== null && right(of, at) !== (asRight === 1)) continue;
      if (slice && ![slice.of[at]].flat().includes(slice.number)) continue;
      if ((above !== null || most !== null || least !== null) && sure(at) === null) continue;
      // A bin of confidence is open at its low end, where it is not the first.
      if (above && !(sure(at) > above)) continue;
      if (most !== null && !(sure(at) <= most)) continue;
      if (least !== null && !(sure(at) >= least - 1e-6)) continue;
      if (gold !== null && columns.gold?.[at] !== gold) continue;
      if (said !== null && columns.said?.[at] !== said) continue;
      const value = columns.value?.[at];
      if ((low !== null || high !== null) && (value === null || value === undefined)) continue;
      if (low !== null && !(value >= low)) continue;
      if (high !== null && !(value < high || (last && value <= high))) continue;
      if (short !== null && split.words[at] < short) continue;
      if (long !== null && split.words[at] > long) continue;
      numbers.push(at);
    }
    const worse = answers[0].measure?.kind === "error" ? -1 : 1;
    const mean = (at) => {
      let sum = 0,
        n = 0,
        none = 0;
      for (const one of every) {
        const value = one.value?.[at];
        if (value !== null && value !== undefined) {
          sum += worse * value;
          n += 1;
        } else if (one.flags && one.flags[at] !== null) none += 1;
      }
      return none && worse < 0 ? -Infinity : n ? sum / n : 0;
    };
    const unread = (at) => every.reduce((sum, one) => sum + (one.flags?.[at] & 6 ? 1 : 0), 0);
    const spread = (at) => {
      const values = every.map((one) => one.value?.[at] ?? 0);
      return different(at) * 1000 + Math.max(...values) - Math.min(...values);
    };
    const key = {
      worst: mean,
      best: (at) => -mean(at),
      short: (at) => split.words[at],
      long: (at) => -split.words[at],
      sure: (at) => -(columns.confidence?.[at] ?? -1),
      unsure: (at) => columns.confidence?.[at] ?? 2,
      differ: (at) => -spread(at),
    }[query.get("sort") || "worst"];
    if (!key) return numbers;
    const keys = new Map(numbers.map((at) => [at, key(at)]));
    const order = (a, b) => keys.get(a) - keys.get(b) || unread(b) - unread(a) || a - b;
    return numbers.sort((a, b) => (keys.get(a) === keys.get(b) ? unread(b) - unread(a) || a - b : order(a, b)));
  };
})();
