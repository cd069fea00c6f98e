
"use strict";
// A user ID is suggested while first and last name are typed, until somebody types another one. Without this script it is given
// when the field is left empty.
(() => {
  const form = document.querySelector("[data-suggest]");
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
})();
