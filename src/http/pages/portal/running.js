
"use strict";
// Live calls, and what is done to many users: the lists are fetched anew when the server says that something changed, and
// durations go on by themselves.
// Without this script the page shows what it showed when it was loaded.
(() => {
  const board = document.querySelector("[data-calls], [data-run]");
  if (!board) return;
  const began = new WeakMap();
  const tick = () => {
    for (const node of board.querySelectorAll("[data-seconds]")) {
      if (!began.has(node)) began.set(node, performance.now() - Number(node.dataset.seconds) * 1000);
      const seconds = Math.max(0, Math.floor((performance.now() - began.get(node)) / 1000));
      const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (node.textContent !== text) node.textContent = text;
    }
  };
  tick();
  setInterval(tick, 1000);
  if (!window.EventSource) return;
  let asked = false, again = false;
  const renew = async () => {
    if (asked) { again = true; return; }
    asked = true;
    try {
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      const fresh = page.querySelector("[data-calls], [data-run]");
      // A button that has the keyboard keeps it, or the next press would go nowhere.
      const held = board.contains(document.activeElement) && document.activeElement.closest("form")?.action;
      if (fresh) {
        board.replaceChildren(...fresh.childNodes);
        tick();
        if (held) [...board.querySelectorAll("form")].find((form) => form.action === held)?.querySelector("button")?.focus();
      }
    } catch { /* The next change tries again. */ }
    asked = false;
    if (again) { again = false; renew(); }
  };
  // What is over tells nothing more.
  if ("over" in board.dataset) return;
  const source = new EventSource(board.dataset.calls ?? board.dataset.run);
  source.addEventListener("calls", renew);
  source.addEventListener("run", (event) => { renew(); if (JSON.parse(event.data).state !== "running") source.close(); });
})();
