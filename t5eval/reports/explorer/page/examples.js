"use strict";
// Single examples: fields, targets, what each run said and what it comes to; found, filtered, sorted, exported.
(() => {
  const { h, number, count } = explorer;
  const PAGE = 10;
  const ORDERS = {
    worst: "worst first",
    best: "best first",
    place: "in the data’s order",
    short: "shortest input first",
    long: "longest input first",
    sure: "most confident first",
    unsure: "least confident first",
    differ: "runs that differ most first",
  };

  const scoresText = (scores) =>
    Object.entries(scores).map(([name, value]) => h("span", { class: "score" }, `${name} `, h("b", {}, number(value))));

  const choices = (rows) =>
    h(
      "table",
      { class: "choices" },
      h("caption", {}, "Log-likelihood of each answer"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Answer", "Sum", "Tokens", "Share"].map((name, place) =>
            h("th", { scope: "col", class: place ? "n" : null }, name),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(([name, sum, tokens, share], at) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, name || `answer ${at + 1}`),
            h("td", { class: "n" }, number(sum, 3)),
            h("td", { class: "n" }, count(tokens)),
            h("td", { class: "n" }, `${number(100 * share, 1)} %`),
          ),
        ),
      ),
    );

  const verdict = (answer, measure) => {
    if (answer.value === null || answer.value === undefined || !measure) return null;
    const text =
      measure.kind === "right"
        ? answer.value
          ? "right"
          : "wrong"
        : `${measure.name} ${explorer.compact(answer.value)}`;
    return h("span", { class: `value ${measure.kind === "right" ? text : ""}` }, text);
  };

  // What one run said: term and description.
  const said = (run, place, answer, example, { split, measure, several }) => {
    const shown = explorer.text(answer.text, []),
      long = split.text && example.targets.length && answer.text;
    const body = h("div", {}, shown);
    const buttons = !long
      ? null
      : h(
          "p",
          { class: "views" },
          [
            ["as it is", () => explorer.text(answer.text, [])],
            ["differences", () => explorer.difference(example.targets[0], answer.text)],
            ["matching n-grams", () => explorer.ngrams(answer.text, example.targets)],
          ].map(([name, make], number) => {
            const button = h(
              "button",
              {
                type: "button",
                class: "quietly",
                "aria-pressed": String(!number),
                onclick: () => {
                  buttons
                    .querySelectorAll("button")
                    .forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
                  body.replaceChildren(make());
                },
              },
              name,
            );
            return button;
          }),
        );
    return [
      h("dt", {}, several ? explorer.swatch(place) : null, several ? run : "Answer"),
      h(
        "dd",
        {},
        body,
        buttons,
        answer.written !== null && answer.written !== undefined
          ? h("p", { class: "why" }, "before filters: ", h("code", {}, answer.written))
          : null,
        h(
          "p",
          { class: "why" },
          verdict(answer, measure),
          " ",
          answer.why,
          " ",
          scoresText(Object.fromEntries(Object.entries(answer.scores).filter(([name]) => name !== measure?.name))),
        ),
        h(
          "p",
          { class: "why" },
          answer.confidence === undefined ? null : `confidence ${number(answer.confidence)} % `,
          answer.no_answer === undefined ? null : `probability of no answer ${number(answer.no_answer)} %`,
        ),
        answer.choices ? choices(answer.choices) : null,
        answer.samples
          ? h(
              "details",
              {},
              h("summary", {}, `${answer.samples.length} texts drawn`),
              h(
                "ol",
                {},
                answer.samples.map((text) => h("li", {}, explorer.text(text))),
              ),
            )
          : null,
      ),
    ];
  };

  const others = (example, context) => {
    if (!context.others.length) return null;
    const details = h(
      "details",
      { class: "others" },
      h(
        "summary",
        {},
        `the same example in ${count(context.others.length)} other ${context.others.length === 1 ? "run" : "runs"}`,
      ),
    );
    details.addEventListener("toggle", async () => {
      if (!details.open || details.children.length > 1) return;
      const place = h("div", {}, "reading …");
      details.append(place);
      try {
        const [found] = await explorer.source.examples(
          context.task,
          context.split_name,
          [context.runs[0], ...context.others],
          [example.place],
        );
        const rows = context.others.filter((run) => found.answers[run]);
        place.replaceChildren(
          explorer.table({
            caption: `Example ${example.id} in other runs`,
            rows,
            columns: [
              {
                key: "run",
                name: "Run",
                of: (run) => run,
                cell: (run) =>
                  explorer.link(
                    run,
                    ["task", context.task, context.split_name],
                    [
                      ["run", run],
                      ["example", example.place],
                    ],
                  ),
              },
              {
                key: "answer",
                name: "Answer",
                of: (run) => found.answers[run].text,
                cell: (run) => explorer.text(found.answers[run].text),
              },
              {
                key: "value",
                name: "Value",
                of: (run) => found.answers[run].value,
                cell: (run) => verdict(found.answers[run], context.measure) || "",
              },
            ],
          }),
        );
      } catch (error) {
        place.replaceChildren(error.message);
      }
    });
    return details;
  };

  // Returns one example.
  explorer.example = (example, context) => {
    const answers = context.runs
      .map((run, place) => [run, place, example.answers[run]])
      .filter(([, , answer]) => answer);
    const needles = context.split.classes.length
      ? []
      : [
          ...example.targets.map((text) => [text, "gold"]),
          ...answers.map(([, , answer]) => [answer.text || "", "said"]),
        ];
    const status = h("span", { role: "status", class: "quiet" });
    const copy = async (text, what) => {
      try {
        await navigator.clipboard.writeText(text);
        status.textContent = ` ${what} copied`;
      } catch {
        status.textContent = " the browser lets nothing be copied here";
      }
    };
    const address = explorer.address(
      ["task", context.task, context.split_name],
      [...context.runs.map((run) => ["run", run]), ["example", example.place]],
    );
    const fields = example.fields.length ? example.fields : [["input", example.input]];
    return h(
      "article",
      { class: "example", "aria-label": `example ${example.id}` },
      h(
        "p",
        { class: "id" },
        h("a", { href: address }, h("code", {}, example.id)),
        " ",
        h(
          "button",
          { type: "button", class: "quietly", onclick: () => copy(JSON.stringify(example, null, 1), "example") },
          "copy",
        ),
        " ",
        h(
          "button",
          { type: "button", class: "quietly", onclick: () => copy(location.href.split("#")[0] + address, "link") },
          "copy link",
        ),
        status,
      ),
      h(
        "dl",
        {},
        fields.map(([name, text]) => [h("dt", {}, name), h("dd", {}, explorer.text(text, needles))]),
        example.targets.map((text, place) => [
          h("dt", {}, place ? "or" : "Target"),
          h("dd", { class: "target" }, explorer.text(text)),
        ]),
        answers.map(([run, place, answer]) =>
          said(run, place, answer, example, { ...context, several: context.runs.length > 1 }),
        ),
      ),
      example.fields.length
        ? h("details", {}, h("summary", {}, "as the model reads it"), h("p", { class: "text" }, example.input))
        : null,
      others(example, context),
    );
  };

  const option = (value, text, n) => h("option", { value }, n === undefined ? text : `${text} (${count(n)})`);

  const filterOptions = (split, answers) => {
    const of = answers[0].columns,
      counts = split.filters.map((_, bit) =>
        answers.reduce(
          (most, one) => Math.max(most, (one.columns.flags || []).filter((flags) => flags & (1 << bit)).length),
          0,
        ),
      );
    const wrong = answers[0].measure && answers[0].measure.kind !== "right" ? "score below 50" : "wrong";
    const different =
      answers.length > 1
        ? [
            option("runs differ", "runs differ"),
            ...(answers[0].measure?.kind === "right" || of.right
              ? [option("disagree", "one right, another wrong")]
              : []),
          ]
        : [];
    return [
      option("", "all", split.kept.length),
      ...(of.value ? [option("right", wrong === "wrong" ? "right" : "score of 50 or more")] : []),
      ...different,
      ...split.filters
        .map((name, bit) => (counts[bit] ? option(name, bit ? name : wrong, counts[bit]) : null))
        .filter(Boolean),
    ];
  };

  // The chips that say which filters of charts hold, each with a way to take it off.
  const chips = (query, split, answers) => {
    const name = (value) =>
        value === "-1" ? "unreadable" : value === "-2" ? "missing" : (split.classes[value] ?? value),
      measure = answers[0].measure?.name;
    const made = [];
    const chip = (text, keys) =>
      made.push(
        h(
          "button",
          {
            type: "button",
            class: "chip",
            onclick: () => explorer.change({ ...Object.fromEntries(keys.map((key) => [key, null])), page: null }),
          },
          text,
          h("span", { "aria-hidden": "true" }, " ✕"),
          h("span", { class: "hidden" }, ", take this filter off"),
        ),
      );
    if (query.has("gold")) chip(`true class ${name(query.get("gold"))}`, ["gold"]);
    if (query.has("said")) chip(`answered ${name(query.get("said"))}`, ["said"]);
    if (query.has("low") || query.has("high"))
      chip(
        `${measure} from ${explorer.compact(Number(query.get("low")))} to ${explorer.compact(Number(query.get("high")))}`,
        ["low", "high", "last"],
      );
    if (query.has("short") || query.has("long"))
      chip(`${count(Number(query.get("short")))} to ${count(Number(query.get("long")))} words`, ["short", "long"]);
    const percent = (key) => explorer.compact(Number(query.get(key)));
    if (query.has("most")) chip(`confidence above ${percent("above")} to ${percent("most")} %`, ["above", "most"]);
    if (query.has("least")) chip(`confidence of ${percent("least")} % or more`, ["least"]);
    if (query.has("wrong")) chip(`wrong in ${query.get("wrong")} of ${answers.length} runs`, ["wrong"]);
    if (query.has("right"))
      chip(`${query.get("right") === "1" ? "right" : "wrong"}: ${query.get("of") || answers[0].run}`, ["right"]);
    if (query.has("under")) chip(`${query.get("by") || "slice"}: ${query.get("under")}`, ["under"]);
    return made;
  };

  // Returns the list of a split's examples and what finds them; `update` follows the address.
  explorer.exampleList = (context) => {
    const { split, answers, task, split_name: splitName, runs } = context;
    const search = h("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    let typing = 0,
      turn = 0,
      chosen = [];
    search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => explorer.change({ q: search.value, page: null }), 150);
    });
    const select = (key, ...options) =>
      h("select", { onchange: (event) => explorer.change({ [key]: event.target.value || null, page: null }) }, options);
    const show = select("show", filterOptions(split, answers)),
      of = select(
        "of",
        answers.map((one) => option(one.run, one.run)),
      );
    const orders = Object.entries(ORDERS).filter(
      ([key]) =>
        (!["sure", "unsure"].includes(key) || answers.some((one) => one.columns.confidence)) &&
        (key !== "differ" || answers.length > 1) &&
        (!["worst", "best"].includes(key) || answers[0].columns.value || key === "worst"),
    );
    const sort = select(
      "sort",
      orders.map(([key, text]) => option(key === "worst" ? "" : key, text)),
    );
    const chosenChips = h("p", { class: "chips" }),
      status = h("span", { role: "status" }),
      list = h("ol", { class: "list" }),
      one = h("div", {});
    const step = (by) =>
      h(
        "button",
        {
          type: "button",
          onclick: () => {
            explorer.change({ page: Number(explorer.here().query.get("page") || 1) + by });
            heading.scrollIntoView({ block: "start" });
          },
        },
        by < 0 ? "Back" : "Next",
      );
    const back = step(-1),
      next = step(1);
    const out = h(
      "button",
      {
        type: "button",
        class: "quietly",
        onclick: async () => {
          out.disabled = true;
          const lines = [];
          for (let first = 0; first < chosen.length; first += 500) {
            const found = await explorer.source.examples(
              task,
              splitName,
              runs,
              chosen.slice(first, first + 500).map((at) => split.kept[at]),
            );
            lines.push(...found.map((example) => `${JSON.stringify({ task, split: splitName, ...example })}\n`));
          }
          explorer.download(`${task}-${splitName}.jsonl`.replaceAll("/", "-"), lines);
          out.disabled = false;
        },
      },
      "export these as JSON lines",
    );
    const heading = h("h2", { id: "examples" }, "Examples");

    const update = async (query) => {
      const mine = (turn += 1),
        words = (query.get("q") || "").split(/\s+/).filter(Boolean);
      if (document.activeElement !== search) search.value = query.get("q") || "";
      show.value = query.get("show") || "";
      sort.value = query.get("sort") || "";
      of.value = query.get("of") || answers[0].run;
      chosenChips.replaceChildren(...chips(query, split, answers));
      try {
        const found = words.length ? new Set(await explorer.source.search(task, splitName, runs, words)) : null;
        const slice = await context.slices.chosen(query);
        const selected = explorer.selected(query, split, answers, found, slice);
        const page = Math.min(
          Math.max(1, Number(query.get("page")) || 1),
          Math.max(1, Math.ceil(selected.length / PAGE)),
        );
        const first = (page - 1) * PAGE,
          shown = selected.slice(first, first + PAGE).map((at) => split.kept[at]);
        const asked = query.has("example") ? [Number(query.get("example"))] : [];
        const all = await explorer.source.examples(task, splitName, runs, [...asked, ...shown]);
        if (mine !== turn) return; // something else was asked for since
        chosen = selected;
        const by = new Map(all.map((example) => [example.place, example]));
        one.replaceChildren(
          ...(asked.length
            ? [
                h(
                  "section",
                  { class: "chosen", "aria-label": "the chosen example" },
                  h(
                    "p",
                    { class: "kind" },
                    "The chosen example ",
                    h(
                      "button",
                      { type: "button", class: "quietly", onclick: () => explorer.change({ example: null }) },
                      "close",
                    ),
                  ),
                  by.has(asked[0])
                    ? explorer.example(by.get(asked[0]), context)
                    : h("p", {}, "This example is not held here; t5eval view has all."),
                ),
              ]
            : []),
        );
        list.replaceChildren(
          ...shown
            .map((place) => by.get(place))
            .filter(Boolean)
            .map((example) => h("li", {}, explorer.example(example, context))),
        );
        status.textContent = selected.length
          ? `${count(first + 1)} to ${count(Math.min(first + PAGE, selected.length))} of ${count(selected.length)}`
          : "none found";
        back.disabled = page <= 1;
        next.disabled = first + PAGE >= selected.length;
        explorer.done = (explorer.done || 0) + 1;
      } catch (error) {
        status.textContent = error.message;
      }
    };
    const held =
      split.kept.length < split.n
        ? h(
            "p",
            { class: "quiet" },
            `The report holds the ${count(split.kept.length)} worst of ${count(split.n)} examples, so that it stays small; `,
            h("code", {}, "t5eval view"),
            " shows all.",
          )
        : null;
    const content = h(
      "section",
      { class: "examples", "aria-labelledby": "examples", "data-held": split.kept.length },
      heading,
      held,
      h(
        "form",
        {
          class: "controls",
          role: "search",
          "aria-labelledby": "examples",
          onsubmit: (event) => event.preventDefault(),
        },
        h("label", {}, "Search ", search),
        h("label", {}, "Show ", show),
        answers.length > 1 ? h("label", {}, "Filters are of ", of) : null,
        h("label", {}, "Order ", sort),
      ),
      chosenChips,
      one,
      h("p", { class: "pages" }, status, " ", out),
      list,
      h("p", { class: "pages" }, back, " ", next),
    );
    return { content, update };
  };
})();
