"use strict";
// Finds the page of an address, shows it, and follows what changes.
(() => {
  const { h } = explorer;
  const main = document.getElementById("main"),
    trail = document.getElementById("trail"),
    live = document.getElementById("live");
  const POLL = 2000;
  let shown = null,
    current = null,
    turn = 0;

  // Pages differ by names and runs; what else stands in an address changes what a page shows.
  const identity = ({ names, query }) => JSON.stringify([names, names.length ? query.getAll("run") : []]);

  // Where an address without a page leads: a report of one run is that run's page.
  const home = async () => {
    const { runs, live: changing } = await explorer.source.index();
    return runs.length === 1 && !changing ? ["run", runs[0].name] : ["index"];
  };

  const show = async (fresh = false) => {
    const here = explorer.here(),
      identified = identity(here);
    if (!fresh && identified === shown && current) {
      await current.update(here.query);
      return;
    }
    const mine = (turn += 1);
    let page, kind, names, make;
    try {
      [kind, ...names] = here.names.length ? here.names : await home();
      make = explorer.pages[kind];
      if (!make) throw new Error("there is no such page");
      page = await make(names, here.query);
    } catch (error) {
      page = {
        title: "Not found",
        trail: [],
        content: [h("h1", {}, "This is not here"), h("p", {}, error.message)],
        update: () => {},
      };
    }
    if (mine !== turn) return;
    const moved = shown !== null && !fresh;
    [shown, current] = [identified, page];
    document.title = `${page.title} – t5eval`;
    trail.replaceChildren(
      h(
        "ol",
        {},
        [["Runs", page.trail.length ? [] : null], ...page.trail].map(([text, address]) =>
          h(
            "li",
            {},
            address ? h("a", { href: explorer.address(address) }, text) : h("span", { "aria-current": "page" }, text),
          ),
        ),
      ),
    );
    main.replaceChildren(...page.content.flat(Infinity).filter(Boolean));
    main.dataset.page = kind;
    if (moved) {
      main.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    await page.update(here.query);
    page.after?.();
    explorer.shown = (explorer.shown || 0) + 1;
  };
  explorer.moved = () => show();
  window.addEventListener("hashchange", () => show());
  // The fragment is the page's address: the link over the content moves there without changing it.
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });

  const follow = async () => {
    let stamp = await explorer.source.stamp();
    const poll = async () => {
      try {
        const next = document.hidden ? stamp : await explorer.source.stamp();
        live.textContent = "";
        if (next !== stamp) {
          stamp = next;
          const at = window.scrollY;
          await show(true);
          window.scrollTo(0, at);
          live.textContent = `changed at ${new Date().toLocaleTimeString("en-GB")}`;
        }
      } catch {
        live.textContent = "t5eval view has ended";
      }
      setTimeout(poll, POLL);
    };
    setTimeout(poll, POLL);
  };

  show();
  if (explorer.served) follow().catch(() => {});
})();
