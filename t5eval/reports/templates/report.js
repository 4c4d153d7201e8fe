"use strict";
// Searches and pages through the examples. All text goes into the page as text, never as markup.
(() => {
  const LONG = 420, SUMMARY = 280, COLOURS = 6;

  const element = (tag, className, ...children) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };

  const text = (value) => {
    if (!value) return element("span", "quiet", "(empty)");
    if (value.length <= LONG) return document.createTextNode(value);
    return element("details", "long", element("summary", "", value.slice(0, SUMMARY) + "…"), value);
  };

  const example = ([id, input, targets, answers], runs) => {
    const list = element("dl", "", element("dt", "", "Input"), element("dd", "text", text(input)));
    targets.forEach((target, place) => {
      list.append(element("dt", "", place ? "or" : "Target"), element("dd", "text", text(target)));
    });
    for (const [run, prediction, value, why] of answers) {
      const name = element("dt", "");
      if (runs.length > 1) {
        const swatch = element("span", "swatch s" + (run % COLOURS));
        swatch.setAttribute("aria-hidden", "true");
        name.append(swatch, runs[run]);
      } else {
        name.append("Answer");
      }
      const reason = element("p", "why", ...(value ? [element("span", "value", value), " "] : []), why);
      list.append(name, element("dd", "", element("span", "text", text(prediction)), reason));
    }
    return element("li", "", element("p", "id", element("code", "", id)), list);
  };

  const setUp = (block) => {
    const form = block.querySelector("form"), list = block.querySelector(".list"), pages = block.querySelector(".pages");
    const status = pages.querySelector("[role=status]"), back = pages.querySelector("[name=back]"), on = pages.querySelector("[name=on]");
    const size = Number(block.dataset.page), runs = JSON.parse(block.dataset.runs);
    let all = null, lower = null, found = null, first = 0, waiting = 0;

    // Read when first needed: a page with many thousands of examples opens at once.
    const load = () => {
      if (all) return;
      all = JSON.parse(document.getElementById(block.dataset.examples).textContent);
      found = all;
    };

    const say = (total) => {
      const last = Math.min(first + size, total);
      status.textContent = total ? `${(first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${total.toLocaleString("en")}` : "none found";
      back.disabled = first === 0;
      on.disabled = last >= total;
    };

    const show = () => {
      list.replaceChildren(...found.slice(first, first + size).map((one) => example(one, runs)));
      say(found.length);
    };

    const search = () => {
      load();
      const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const filter = Number(form.elements.filter.value);
      if (words.length && !lower) {
        lower = all.map(([id, input, targets, answers]) =>
          [id, input, ...targets, ...answers.flatMap((answer) => [answer[1], answer[3]])].join("\n").toLowerCase());
      }
      found = all.filter((one, place) => (!filter || one[4] & filter) && words.every((word) => lower[place].includes(word)));
      first = 0;
      show();
    };

    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("focusin", load, { once: true });
    form.elements.words.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(search, 150);
    });
    form.elements.filter.addEventListener("change", search);
    const turn = (by) => () => {
      load();
      first = Math.max(0, first + by);
      show();
      block.querySelector("h3").scrollIntoView({ block: "start" });
    };
    back.addEventListener("click", turn(-size));
    on.addEventListener("click", turn(size));

    form.hidden = pages.hidden = false;
    say(Number(block.dataset.held));
  };

  document.querySelectorAll("[data-examples]").forEach(setUp);
})();
