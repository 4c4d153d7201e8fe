"use strict";
// Where documents come from: the server, or files that hold the same documents, which load as scripts.
const explorer = { pages: {} };
(() => {
  const KEPT = 4; // files of tasks that stay unpacked
  explorer.served = document.documentElement.dataset.source === "server";
  explorer.folder = "report_files";

  // Files ---------------------------------------------------------------------------------------------------------
  const arrivals = new Map(),
    loaded = new Map();
  let index = null;

  const unpacked = async (packed) => {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };

  const waiting = (number) => {
    if (!arrivals.has(number)) {
      let resolve, reject;
      const promise = new Promise((...both) => ([resolve, reject] = both));
      arrivals.set(number, { promise, resolve, reject });
    }
    return arrivals.get(number);
  };

  explorer.arrived = (number, packed) => waiting(number).resolve(unpacked(packed));

  explorer.script = (name) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${explorer.folder}/${name}`;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${script.src} is not there: report.html needs the folder beside it`));
      document.head.append(script);
    });

  const file = async (...names) => {
    index ??= await waiting("index").promise;
    const number = index.files.findIndex((other) => JSON.stringify(other) === JSON.stringify(names));
    if (number < 0) throw new Error("this report does not hold that; t5eval view does");
    const key = String(number);
    if (!loaded.has(key)) {
      explorer.script(`data/${key}.js`).catch(waiting(key).reject);
      loaded.set(key, waiting(key).promise);
      for (const old of [...loaded.keys()].slice(0, -KEPT)) {
        loaded.delete(old);
        arrivals.delete(old);
      }
    }
    return loaded.get(key);
  };

  const must = (found) => {
    if (!found) throw new Error("this report does not hold that; t5eval view does");
    if (found.fault) throw new Error(found.fault);
    return found;
  };

  const texts = (example, runs) => {
    const said = runs.flatMap((run) =>
      example.answers[run] ? [example.answers[run].text || "", example.answers[run].why] : [],
    );
    return [example.id, example.input, ...example.targets, ...said].join("\n").toLowerCase();
  };

  const files = {
    index: async () => (index ??= await waiting("index").promise),
    run: (run) => file("run", run),
    split: async (task, split) => must((await file("task", task, split)).split),
    answers: async (task, split, run) => must((await file("task", task, split)).answers[run]),
    examples: async (task, split, runs, places) => {
      const { examples } = await file("task", task, split);
      const by = new Map(examples.map((example) => [example.place, example]));
      return places.map((place) => by.get(place)).filter(Boolean);
    },
    search: async (task, split, runs, words) => {
      const { examples } = await file("task", task, split);
      const lower = words.map((word) => word.toLowerCase());
      return examples
        .filter((one) => {
          const text = texts(one, runs);
          return lower.every((word) => text.includes(word));
        })
        .map((one) => one.place);
    },
    slices: async (task, split) => must((await file("task", task, split)).slices),
    compare: (runs) => file("compare", ...runs),
    holds: (...names) => index.files.some((other) => JSON.stringify(other) === JSON.stringify(names)),
  };

  // The server ----------------------------------------------------------------------------------------------------
  const ask = async (names, query = []) => {
    const path = names.map(encodeURIComponent).join("/");
    const answer = await fetch(`documents/${path}?${new URLSearchParams(query)}`);
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.fault);
    return found;
  };
  const named = (runs) => runs.map((run) => ["run", run]);
  const MOST = 200; // places of one request
  const server = {
    index: () => ask(["index"]),
    stamp: () => ask(["stamp"]),
    run: (run) => ask(["run", run]),
    split: (task, split, run) => ask(["split", task, split, run]),
    answers: (task, split, run) => ask(["answers", task, split, run]),
    examples: async (task, split, runs, places) => {
      const found = [];
      for (let first = 0; first < places.length; first += MOST) {
        const part = places.slice(first, first + MOST).join(",");
        found.push(...(await ask(["examples", task, split], [...named(runs), ["places", part]])));
      }
      return found;
    },
    search: (task, split, runs, words) =>
      ask(["search", task, split], [...named(runs), ...words.map((word) => ["word", word])]),
    slices: (task, split, runs) => ask(["slices", task, split], named(runs)),
    compare: (runs, tested = true) => ask(["compare"], [...named(runs), ...(tested ? [] : [["untested", "1"]])]),
    holds: () => true,
  };

  explorer.source = explorer.served ? server : files;
})();
