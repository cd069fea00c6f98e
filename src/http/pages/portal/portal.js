
"use strict";
// What a page does beside its links and forms: it says when something arrives, shows how an upload goes on, and takes keys.
// Without this script everything still works.
(() => {
  // On a phone the bar of pages is wider than the screen.
  const bar = document.querySelector(".top nav"), here = bar?.querySelector("[aria-current]");
  if (here) bar.scrollLeft = here.offsetLeft - bar.offsetLeft - (bar.clientWidth - here.clientWidth) / 2;

  const list = document.querySelector("[data-live]");
  if (list && window.EventSource) {
    const source = new EventSource(list.dataset.live);
    source.addEventListener("mailbox", (event) => {
      const told = JSON.parse(event.data);
      if (told.state === list.dataset.state) return;
      const busy = document.querySelector(".reading") || document.querySelector("input:focus");
      // Nobody is interrupted: who listens or types is told, and asks for the list.
      if (busy) list.querySelector(".arrived").hidden = false;
      else location.reload();
    });
  }

  for (const form of document.querySelectorAll("form[data-upload]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const bar = form.querySelector("progress"), button = form.querySelector("button");
      const request = new XMLHttpRequest();
      bar.hidden = false;
      button.disabled = true;
      request.upload.addEventListener("progress", (step) => { if (step.lengthComputable) bar.value = step.loaded / step.total; });
      request.addEventListener("error", () => { bar.hidden = true; button.disabled = false; form.querySelector("small").textContent = "The upload broke off. Please try again."; });
      request.addEventListener("load", () => {
        if (request.responseURL.includes("done=")) { location.assign(request.responseURL); return; }
        document.open();
        document.write(request.responseText);
        document.close();
      });
      request.open("POST", form.action);
      request.send(new FormData(form));
    });
  }

  for (const form of document.querySelectorAll("form[data-drop]")) {
    const field = form.querySelector("input[type=file]");
    const over = (is) => (event) => { event.preventDefault(); form.classList.toggle("dropping", is); };
    form.addEventListener("dragover", over(true));
    form.addEventListener("dragleave", over(false));
    form.addEventListener("drop", (event) => {
      over(false)(event);
      if (!event.dataTransfer.files.length) return;
      field.files = event.dataTransfer.files;
      form.requestSubmit();
    });
  }

  // One voice at a time; without scripts the link opens the sound.
  let voice, speaking;
  for (const link of document.querySelectorAll("a[data-play]")) {
    link.setAttribute("role", "button");
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const again = speaking === link;
      voice?.pause();
      speaking?.removeAttribute("aria-pressed");
      speaking = undefined;
      if (again) return;
      voice = new Audio(link.href);
      speaking = link;
      link.setAttribute("aria-pressed", "true");
      voice.addEventListener("ended", () => { link.removeAttribute("aria-pressed"); if (speaking === link) speaking = undefined; });
      voice.play();
    });
    link.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); link.click(); } });
  }

  // G, and / where a page has no keys of its own, lead to the search of pages and people.
  const find = document.querySelector("[data-find]");
  document.addEventListener("keydown", (event) => {
    if (!find || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key !== "g" && (event.key !== "/" || document.getElementById("keys"))) return;
    event.preventDefault();
    find.focus();
    find.select();
  });

  const player = document.querySelector(".player");
  const audio = document.querySelector(".player audio");
  if (audio) audio.addEventListener("playing", () => document.querySelector(".messages .here")?.classList.remove("new"));
  document.addEventListener("keydown", (event) => {
    if (!player || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, button, a, summary")) return;
    const press = (css) => { const key = document.querySelector(css); if (key) { event.preventDefault(); key.click(); } };
    if (event.key === " ") press(".play");
    else if (event.key === "j") press("[data-skip='-10']");
    else if (event.key === "l") press("[data-skip='10']");
    else if (event.key === "s" || event.key === "d") press(`[data-key='${event.key}']`);
  });
})();
