"use strict";
// Elements, numbers and addresses. All text goes into the page as text, never as markup.
(() => {
  const COLOURS = 6;

  // Returns an element; what is no element becomes text, null and false nothing.
  explorer.h = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (name === "value" || name === "checked" || name === "disabled") made[name] = value;
      else made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return made;
  };

  explorer.svg = (tag, attributes = {}, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children.filter(Boolean));
    return made;
  };

  explorer.number = (value, digits = 2) =>
    value === null || value === undefined
      ? "–"
      : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
  explorer.count = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));
  explorer.compact = (value) =>
    value && Math.abs(value) < 1e-3
      ? value.toExponential(1)
      : value.toLocaleString("en", { maximumSignificantDigits: 4 });
  explorer.signed = (value) => (value > 0 ? "+" : "") + explorer.number(value);
  explorer.p = (value) => (value === null || value === undefined ? "" : value < 0.001 ? "<0.001" : value.toFixed(3));
  explorer.interval = (ends) => (ends ? `[${explorer.number(ends[0])}, ${explorer.number(ends[1])}]` : "");

  explorer.swatch = (place) =>
    explorer.h("span", { class: `swatch s${place % COLOURS} shape${place % 3}`, "aria-hidden": "true" });
  explorer.colour = (place) => `var(--s${place % COLOURS})`;

  // Returns a name with places to break it at.
  explorer.breakable = (name) =>
    name.split(/(?<=[/_])/).flatMap((part, place) => (place ? [document.createElement("wbr"), part] : [part]));

  // A heading's section with a name for screen readers.
  let ids = 0;
  explorer.id = (prefix) => `${prefix}-${(ids += 1)}`;
  explorer.section = (title, ...children) => {
    const id = explorer.id("section");
    return explorer.h("section", { "aria-labelledby": id }, explorer.h("h2", { id }, title), ...children);
  };

  // Addresses: #/PAGE/NAME/...?filter=...
  explorer.address = (names, query = []) => {
    const path = names.map(encodeURIComponent).join("/");
    const text = new URLSearchParams(query).toString();
    return `#/${path}${text ? `?${text}` : ""}`;
  };
  explorer.here = () => {
    const [path, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
    let names = [];
    try {
      names = path.split("/").filter(Boolean).map(decodeURIComponent);
    } catch {
      /* a torn address is the index's */
    }
    return { names, query: new URLSearchParams(query) };
  };
  // Changes the address: null takes a key away, a list sets it several times. Nothing is added to the history.
  explorer.change = (changes) => {
    const { names, query } = explorer.here();
    for (const [key, value] of Object.entries(changes)) {
      query.delete(key);
      for (const one of [value].flat()) if (one !== null && one !== "" && one !== undefined) query.append(key, one);
    }
    history.replaceState(null, "", explorer.address(names, query));
    explorer.moved();
  };

  explorer.link = (text, names, query = []) => explorer.h("a", { href: explorer.address(names, query) }, text);
  explorer.taskLink = (task, split, runs, query = []) =>
    explorer.h(
      "a",
      { href: explorer.address(["task", task, split], [...runs.map((run) => ["run", run]), ...query]) },
      explorer.breakable(task),
    );

  explorer.cautions = (cautions) =>
    cautions.length
      ? explorer.h(
          "ul",
          { class: "cautions" },
          cautions.map((one) =>
            explorer.h(
              "li",
              {},
              one.run ? `${one.run}: ` : "",
              one.where || "",
              one.text,
              one.reasons?.length
                ? explorer.h(
                    "ul",
                    {},
                    one.reasons.map((reason) => explorer.h("li", {}, explorer.h("code", {}, reason))),
                  )
                : null,
            ),
          ),
        )
      : null;

  explorer.download = (name, lines) => {
    const made = explorer.h("a", {
      href: URL.createObjectURL(new Blob(lines, { type: "application/jsonl" })),
      download: name,
    });
    made.click();
    setTimeout(() => URL.revokeObjectURL(made.href), 1000);
  };
})();
