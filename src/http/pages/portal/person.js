
"use strict";
// A call to record: each step is shown when it comes. Without this script the page is loaded again and again.
(() => {
  const call = document.querySelector("[data-calling]");
  if (!call || !window.EventSource) return;
  const source = new EventSource(call.dataset.calling);
  let newest = 0;
  source.addEventListener("step", async (event) => {
    if (JSON.parse(event.data).over) source.close();
    const mine = ++newest;
    try {
      const page = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
      if (mine !== newest) return;
      const [went, fresh] = [document.getElementById("went"), page.getElementById("went")];
      // Only what is new is added, so that only that is read out.
      for (const step of [...fresh.children].slice(went.querySelectorAll("li:not(.waits)").length)) {
        went.querySelector(".waits")?.remove();
        went.append(step);
      }
      document.getElementById("then").replaceChildren(...page.getElementById("then").childNodes);
    } catch { /* The next step tries again. */ }
  });
})();
