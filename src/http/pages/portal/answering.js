
// Rules: moved by drag, by arrow keys and by their buttons, without leaving the page; badges that stay true; targets while
// somebody types.
(() => {
  const list = () => document.querySelector("[data-arranged]");
  let said = "", carried = null, sent = 0, open = 0, kept = "";
  const tell = () => { const line = document.getElementById("moved"); if (line) line.textContent = said; };
  const say = (text) => { said = text; tell(); };
  const grips = () => { for (const grip of document.querySelectorAll(".grip")) grip.hidden = false; };
  const swap = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html"), main = page.getElementById("main");
    const own = document.getElementById("main");
    const focused = document.activeElement?.id;
    own.replaceChildren(...main.childNodes);
    grips();
    if (focused) document.getElementById(focused)?.focus();
    // Said into a line that stands already, so that it is read out; and what was said last, not what was said then.
    setTimeout(tell, 50);
  };
  const rules = () => [...list().querySelectorAll("[data-rule]")];
  let sending = Promise.resolve();
  const send = (named) => {
    const all = rules(), body = new URLSearchParams();
    for (const rule of all) body.append("rule", rule.dataset.rule);
    const place = all.findIndex((rule) => rule.dataset.rule === named.dataset.rule) + 1;
    say(`${named.dataset.name} is now number ${place} of ${all.length}.`);
    const { arranged, csrf } = list().dataset, own = ++sent;
    open += 1;
    kept = "";
    sending = sending.then(async () => {
      const answer = await fetch(arranged, { method: "POST", body, headers: { "X-CSRF": csrf } });
      const html = await answer.text();
      open -= 1;
      // What was moved since stays where it is: the answer to that comes as well.
      if (own !== sent) return;
      if (carried) kept = html; else swap(html);
      if (!answer.ok) say("The order was not saved: somebody changed the rules meanwhile.");
    }).catch(() => {
      open = Math.max(0, open - 1);
      say("The order was not saved. Please try again.");
    });
  };

  if (list()) {
    grips();
    document.addEventListener("keydown", (event) => {
      const grip = event.target.closest(".grip");
      if (!grip || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
      event.preventDefault();
      const rule = grip.closest("[data-rule]");
      const other = event.key === "ArrowUp" ? rule.previousElementSibling : rule.nextElementSibling;
      if (!other || !other.dataset.rule) { say(`${rule.dataset.name} stays: it is the ${event.key === "ArrowUp" ? "first" : "last"}.`); return; }
      if (event.key === "ArrowUp") other.before(rule); else other.after(rule);
      grip.focus();
      send(rule);
    });

    let before = "";
    const order = () => rules().map((rule) => rule.dataset.rule).join();
    document.addEventListener("pointerdown", (event) => {
      const grip = event.target.closest(".grip");
      if (!grip || event.button) return;
      carried = grip.closest("[data-rule]");
      before = order();
      carried.classList.add("carried");
      event.preventDefault();
      grip.focus({ preventScroll: true });
      pull = 0;
      requestAnimationFrame(roll);
    });
    // At the edge of the window the page goes along.
    let pull = 0;
    const roll = () => {
      if (!carried) return;
      if (pull) scrollBy(0, pull);
      requestAnimationFrame(roll);
    };
    document.addEventListener("pointermove", (event) => {
      if (!carried) return;
      pull = event.clientY < 72 ? -10 : event.clientY > innerHeight - 72 ? 10 : 0;
      for (const other of rules()) {
        if (other === carried) continue;
        const box = other.getBoundingClientRect(), middle = box.top + box.height / 2;
        const follows = carried.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
        if (follows && event.clientY > middle) other.after(carried);
        else if (!follows && event.clientY < middle) other.before(carried);
      }
    });
    const drop = () => {
      if (!carried) return;
      const rule = carried;
      carried = null;
      rule.classList.remove("carried");
      rule.querySelector(".grip").focus();
      if (order() !== before) send(rule); else if (kept) swap(kept);
      kept = "";
    };
    document.addEventListener("pointerup", drop);
    document.addEventListener("pointercancel", drop);

    // What is active changes by itself, or by somebody else.
    setInterval(async () => {
      if (carried || open || document.hidden || location.search || document.querySelector(".arranged details[open], main input:focus, main select:focus")) return;
      const known = sent;
      try {
        const answer = await fetch(location.href);
        if (!answer.ok || answer.redirected) return;
        const html = await answer.text();
        const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-arranged]");
        const told = (node) => node.textContent.replace(/\s+/g, " ");
        if (!carried && known === sent && fresh && told(fresh) !== told(list())) swap(html);
      } catch { /* The next look will tell. */ }
    }, 10000);
  }

  // Of what happens, only what belongs to the choice, and what has a value.
  const choice = document.querySelector(".ruleform [name=answer]");
  const fit = () => {
    for (const part of document.querySelectorAll("[data-for]")) {
      const isFilled = [...part.querySelectorAll("input, select")].some((field) => field.value);
      part.hidden = !isFilled && !part.dataset.for.split(" ").includes(choice.value);
    }
  };
  if (choice) { choice.addEventListener("change", fit); fit(); }

  let typed = 0;
  document.addEventListener("input", (event) => {
    const field = event.target.closest("[data-targets]");
    const options = document.getElementById("targets");
    if (!field || !options || event.inputType === "insertReplacementText" || !field.value.trim()) return;
    const own = ++typed;
    setTimeout(async () => {
      if (own !== typed) return;
      const mark = field.dataset.targets.includes("?") ? "&" : "?";
      const answer = await fetch(`${field.dataset.targets}${mark}q=${encodeURIComponent(field.value.trim())}`);
      if (!answer.ok || own !== typed) return;
      const { items } = await answer.json();
      options.replaceChildren(...items.map((item) => {
        const option = document.createElement("option");
        option.value = item.value;
        option.label = `${item.value} · ${item.label}`;
        return option;
      }));
    }, 120);
  });

  const more = document.querySelector("[data-more-phones]");
  if (more) {
    more.hidden = false;
    more.addEventListener("click", () => {
      const lines = document.querySelectorAll(".phone"), last = lines[lines.length - 1], place = lines.length;
      if (place >= 10) { more.disabled = true; return; }
      const line = last.cloneNode(true);
      for (const input of line.querySelectorAll("input")) {
        if (input.type === "checkbox") { input.checked = false; input.value = String(place); } else input.value = "";
      }
      line.querySelector("label").firstChild.textContent = `Phone ${place + 1}`;
      last.after(line);
      line.querySelector("input").focus();
    });
  }
})();
