"use strict";
// Adds to the page what plain HTML lacks: skipping, speed, seeking in the waveform, and telling the server that the
// message was heard. Without this script everything else still works.
(() => {
  const audio = document.querySelector("audio");
  if (!audio) return;
  const keys = document.querySelector(".keys");
  const wave = document.querySelector(".wave");
  const speeds = [1, 1.25, 1.5, 2, 0.8];
  keys.hidden = false;
  for (const button of keys.querySelectorAll("[data-skip]")) {
    button.addEventListener("click", () => {
      const end = Number.isFinite(audio.duration) ? audio.duration : audio.currentTime + 10;
      audio.currentTime = Math.min(end, Math.max(0, audio.currentTime + Number(button.dataset.skip)));
    });
  }
  const speed = keys.querySelector("[data-speed]");
  speed.addEventListener("click", () => {
    const next = speeds[(speeds.indexOf(audio.playbackRate) + 1) % speeds.length];
    audio.playbackRate = next;
    speed.textContent = `Speed ${next}×`;
  });
  wave.dataset.seek = "";
  wave.addEventListener("click", (event) => {
    if (!Number.isFinite(audio.duration)) return;
    const box = wave.getBoundingClientRect();
    audio.currentTime = (audio.duration * (event.clientX - box.left)) / box.width;
    audio.play();
  });
  audio.addEventListener("playing", () => {
    fetch(audio.dataset.heard, { method: "POST", redirect: "manual", credentials: "omit" });
  }, { once: true });
})();
