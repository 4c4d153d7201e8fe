"use strict";
// Texts of examples: what was looked for marked, long ones folded, differences and matching n-grams shown.
(() => {
  const { h } = explorer;
  const LONG = 700,
    BEFORE = 220,
    SHOWN = 520,
    LONGEST_NGRAM = 4;

  // Returns the places where texts occur, the longest first where they overlap: [from, to, class].
  const occurrences = (text, needles) => {
    const lower = text.toLowerCase(),
      found = [];
    if (lower.length !== text.length) return found; // some letters change their length
    for (const [needle, kind] of needles) {
      const wanted = needle.toLowerCase().trim();
      if (wanted.length < 2) continue;
      for (
        let at = lower.indexOf(wanted);
        at >= 0 && found.length < 200;
        at = lower.indexOf(wanted, at + wanted.length)
      ) {
        const inside = (place) => /[\p{L}\p{N}]/u.test(lower[place] || "");
        if ((inside(at - 1) && inside(at)) || (inside(at + wanted.length) && inside(at + wanted.length - 1))) continue;
        found.push([at, at + wanted.length, kind]);
      }
    }
    found.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    let end = -1;
    return found.filter((one) => one[0] >= end && (end = one[1]));
  };

  const marked = (text, found, from, to) => {
    const parts = [];
    let at = from;
    for (const [start, end, kind] of found) {
      if (end <= from || start >= to) continue;
      parts.push(
        text.slice(at, Math.max(start, from)),
        h("mark", { class: kind }, text.slice(Math.max(start, from), Math.min(end, to))),
      );
      at = Math.min(end, to);
    }
    return [...parts, text.slice(at, to)];
  };

  // Returns a text with what occurs in it marked; of a long one the part around the first occurrence, and a button.
  explorer.text = (text, needles = []) => {
    if (text === null) return h("span", { class: "quiet" }, "(no answer)");
    if (!text) return h("span", { class: "quiet" }, "(empty)");
    const found = occurrences(text, needles);
    const whole = () => h("span", { class: "text" }, marked(text, found, 0, text.length));
    if (text.length <= LONG) return whole();
    const from = Math.max(0, (found[0]?.[0] ?? 0) - BEFORE),
      start = from ? text.indexOf(" ", from) + 1 : 0,
      end = Math.min(text.length, start + SHOWN);
    const place = h(
      "span",
      { class: "text" },
      start ? "… " : "",
      marked(text, found, start, end),
      end < text.length ? " …" : "",
    );
    const button = h(
      "button",
      {
        type: "button",
        class: "quietly",
        "aria-expanded": "false",
        onclick: () => {
          const open = button.getAttribute("aria-expanded") === "true";
          button.setAttribute("aria-expanded", String(!open));
          button.textContent = open ? `show all ${explorer.count(text.length)} characters` : "show less";
          place.replaceChildren(
            ...(open
              ? [start ? "… " : "", ...marked(text, found, start, end), end < text.length ? " …" : ""]
              : marked(text, found, 0, text.length)),
          );
        },
      },
      `show all ${explorer.count(text.length)} characters`,
    );
    return h("span", {}, place, " ", button);
  };

  const words = (text) => text.match(/\S+|\s+/g) || [];
  const bare = (word) => word.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "") || word;

  // Returns a prediction with each word marked by the longest n-gram, of at most four words, that a reference has, too.
  explorer.ngrams = (prediction, references) => {
    const there = new Set();
    for (const reference of references) {
      const own = reference.split(/\s+/).filter(Boolean).map(bare);
      for (let n = 1; n <= LONGEST_NGRAM; n += 1)
        for (let at = 0; at + n <= own.length; at += 1) there.add(own.slice(at, at + n).join(" "));
    }
    const parts = words(prediction),
      places = parts.flatMap((part, place) => (part.trim() ? [place] : []));
    const said = places.map((place) => bare(parts[place])),
      best = said.map(() => 0);
    for (let n = 1; n <= LONGEST_NGRAM; n += 1)
      for (let at = 0; at + n <= said.length; at += 1) {
        if (there.has(said.slice(at, at + n).join(" "))) for (let one = at; one < at + n; one += 1) best[one] = n;
      }
    const of = new Map(places.map((place, number) => [place, best[number]]));
    return h(
      "span",
      { class: "text" },
      parts.map((part, place) => (of.get(place) ? h("span", { class: `ngram n${of.get(place)}` }, part) : part)),
    );
  };

  // Returns how a prediction differs from a reference, word by word; drawn once the library is there.
  explorer.difference = (reference, prediction) => {
    const place = h("span", { class: "text" }, "…");
    explorer
      .library("diff")
      .then(() => {
        const parts = window.Diff.diffWords(reference, prediction, { timeout: 500 }) || [
          { removed: true, value: reference },
          { added: true, value: prediction },
        ];
        place.replaceChildren(
          ...parts.map((part) =>
            part.added ? h("ins", {}, part.value) : part.removed ? h("del", {}, part.value) : part.value,
          ),
        );
      })
      .catch((error) => place.replaceChildren(error.message));
    return place;
  };
})();
