
"use strict";
// A user ID is suggested while first and last name are typed, until somebody types another one. Without this script it is given
// when the field is left empty.
const suggest = (form) => {
  if (!form) return;
  const login = form.elements.login;
  let own = login.value !== "", newest = 0, wait = 0;
  login.addEventListener("input", () => { own = login.value !== ""; });
  const ask = async () => {
    const mine = ++newest;
    const query = new URLSearchParams({ first: form.elements.first.value, last: form.elements.last.value });
    try {
      const answer = await fetch(`${form.dataset.suggest}?${query}`, { headers: { accept: "application/json" } });
      if (!answer.ok) return;
      const suggested = (await answer.json()).login;
      if (mine === newest && !own) login.value = suggested || "";
    } catch { /* It is given when the form is sent. */ }
  };
  for (const name of ["first", "last"]) {
    form.elements[name].addEventListener("input", () => {
      if (own) return;
      clearTimeout(wait);
      wait = setTimeout(ask, 200);
    });
  }
};
suggest(document.querySelector("[data-suggest]"));

// One more field of the same name, for whoever has more addresses. Without this script they stand in one field, with commas.
document.addEventListener("click", (event) => {
  const plus = event.target.closest("[data-another]");
  if (!plus) return;
  const fields = plus.form.querySelectorAll(`input[name="${plus.dataset.another}"]`);
  const label = fields[fields.length - 1].closest("label").cloneNode(true);
  const input = label.querySelector("input");
  for (const more of label.querySelectorAll("small")) more.remove();
  label.firstChild.textContent = "Another address";
  for (const name of ["aria-invalid", "aria-describedby"]) input.removeAttribute(name);
  input.value = "";
  plus.before(label);
  input.focus();
});

// Forms that are pages of their own open above the page that leads to them (002-002). What is to be mended is shown there as
// well; what was done leads on. Without this script, and when the form cannot be fetched, the page itself opens.
(() => {
  const ready = (root) => { for (const plus of root.querySelectorAll("[data-another]")) plus.hidden = false; };
  ready(document);
  const dialog = document.createElement("dialog");
  dialog.className = "form";
  const show = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const form = page.querySelector("main form[data-suggest]");
    if (!form) return false;
    const head = document.createElement("div");
    head.className = "bar";
    const title = page.querySelector("main h1");
    title.id = "dialog-title";
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Cancel";
    close.addEventListener("click", () => dialog.close());
    head.append(title, close);
    dialog.replaceChildren(head, ...page.querySelectorAll("main .done, main [role=alert], main [role=status]"), form);
    dialog.setAttribute("aria-labelledby", "dialog-title");
    ready(dialog);
    suggest(form);
    return true;
  };
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    try {
      const answer = await fetch(link.href);
      if (!answer.ok || !show(await answer.text())) throw new Error();
      document.body.append(dialog);
      dialog.showModal();
    } catch { location.assign(link.href); }
  });
  dialog.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target, button = event.submitter;
    if (button) button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (answer.redirected) { location.assign(answer.url); return; }
      if (!show(await answer.text())) throw new Error();
      dialog.querySelector("[aria-invalid]")?.focus();
    } catch {
      if (button) button.disabled = false;
      form.submit();
    }
  });
})();
