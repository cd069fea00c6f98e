
"use strict";
// Turns the browser's plain player into the one of this page and tells the server that the message was heard.
// Without this script everything still works: the plain player, and the buttons below it.
(() => {
  const box = document.querySelector(".player");
  if (!box) return;
  const one = (selector) => box.querySelector(selector);
  const audio = one("audio"), seek = one("input"), play = one(".play"), speed = one("[data-speed]");
  const now = one("[data-now]"), stops = box.querySelectorAll("stop");
  const speeds = [1, 1.25, 1.5, 2, 0.75];
  let noted = !document.querySelector("[data-new]");

  const end = () => (Number.isFinite(audio.duration) && audio.duration) || Number(box.dataset.seconds);
  const clock = (seconds) =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  function show() {
    const at = Math.min(audio.currentTime, end());
    for (const stop of stops) stop.setAttribute("offset", String(end() > 0 ? at / end() : 0));
    seek.value = String(at);
    seek.setAttribute("aria-valuetext", `${clock(at)} of ${clock(end())}`);
    now.textContent = clock(at);
  }
  function follow() {
    show();
    if (!audio.paused) requestAnimationFrame(follow);
  }
  function label() {
    play.classList.toggle("on", !audio.paused);
    play.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
  }
  function go(to) {
    audio.currentTime = Math.min(end(), Math.max(0, to));
    show();
  }
  function fail() {
    one(".trouble").hidden = false;
    label();
  }
  async function hear() {
    if (noted) return;
    noted = true;
    try {
      const headers = box.dataset.csrf ? { "x-csrf": box.dataset.csrf } : {};
      const answer = await fetch(box.dataset.heard, { method: "POST", redirect: "manual", keepalive: true, headers });
      if (answer.type !== "opaqueredirect") throw new Error("not noted");
    } catch {
      // The next start of the player tries again.
      noted = false;
      return;
    }
    const mark = document.querySelector("[data-new]"), button = document.querySelector("[data-hear]");
    mark.textContent = "Heard";
    mark.classList.remove("new");
    button.textContent = "Heard";
    button.disabled = true;
  }

  audio.controls = false;
  audio.hidden = true;
  one(".keys").hidden = false;
  seek.hidden = false;
  play.addEventListener("click", () => {
    if (audio.paused) audio.play().catch(() => {});
    else audio.pause();
  });
  for (const key of box.querySelectorAll("[data-skip]")) {
    key.addEventListener("click", () => go(audio.currentTime + Number(key.dataset.skip)));
  }
  speed.addEventListener("click", () => {
    const next = speeds[(speeds.indexOf(audio.playbackRate) + 1) % speeds.length];
    audio.playbackRate = next;
    speed.textContent = `${next}×`;
    speed.setAttribute("aria-label", `Speed: ${next} times`);
  });
  seek.addEventListener("input", () => go(Number(seek.value)));
  audio.addEventListener("loadedmetadata", () => {
    seek.max = String(end());
    one("[data-end]").textContent = clock(Math.max(1, Math.round(end())));
    show();
  });
  audio.addEventListener("timeupdate", show);
  audio.addEventListener("pause", label);
  audio.addEventListener("play", () => {
    one(".trouble").hidden = true;
    label();
    requestAnimationFrame(follow);
  });
  audio.addEventListener("playing", hear);
  audio.addEventListener("error", fail);
  if (audio.error) fail();
})();
