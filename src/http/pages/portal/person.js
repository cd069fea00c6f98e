
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

"use strict";
// The microphone beside a field for an audio file: what is recorded becomes the file, so the form goes its usual way.
// Without this script, or without a microphone, a file is chosen.
(() => {
  const LONGEST = 300, RATE = 16000;
  const make = (name, text, more = {}) => Object.assign(document.createElement(name), { textContent: text, ...more });
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  // 16-bit PCM in one channel (RIFF WAVE).
  const wav = (samples) => {
    const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
    const text = (at, word) => [...word].forEach((c, n) => view.setUint8(at + n, c.charCodeAt(0)));
    text(0, "RIFF"); view.setUint32(4, 36 + samples.length * 2, true); text(8, "WAVEfmt ");
    view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
    view.setUint32(24, RATE, true); view.setUint32(28, RATE * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
    text(36, "data"); view.setUint32(40, samples.length * 2, true);
    samples.forEach((sample, n) => view.setInt16(44 + n * 2, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true));
    return new File([view], "recording.wav", { type: "audio/wav" });
  };

  // What somebody should know of it, in plain words; the server looks more closely.
  const judged = (samples) => {
    let peak = 0, clipped = 0, power = 0;
    for (const sample of samples) {
      const size = Math.abs(sample);
      if (size > peak) peak = size;
      if (size > 0.98) clipped += 1;
      power += sample * sample;
    }
    if (peak < 0.003) return "Nothing was heard. Is it the right microphone, and is it on?";
    if (clipped > samples.length / 2000) return "It is overdriven and sounds harsh: record it again, further from the microphone.";
    if (Math.sqrt(power / samples.length) < 0.01) return "It is quiet: better record it again, closer to the microphone.";
    return "It sounds good.";
  };

  const why = (error) => ({
    NotAllowedError: "The browser does not let this page use the microphone. Allow it beside the address, then try again.",
    NotFoundError: "No microphone was found.",
    NotReadableError: "Another program has the microphone.",
  })[error.name] || "The microphone cannot be used here. Choose a file instead.";

  for (const label of document.querySelectorAll("[data-record]")) {
    if (!navigator.mediaDevices || !window.AudioWorkletNode || !window.DataTransfer) continue;
    const field = label.querySelector("input[type=file]");
    const box = make("div", "", { className: "record" });
    const [start, listen] = [make("button", "Record", { type: "button" }), make("button", "Listen", { type: "button", hidden: true })];
    const level = make("meter", "", { min: 0, max: 1, low: 0.02, high: 0.9, optimum: 0.4, hidden: true });
    level.setAttribute("aria-label", "Level of the microphone");
    const time = make("span", "", { className: "clock" }), said = make("p", "", { className: "hint" });
    said.setAttribute("role", "status");
    box.append(start, listen, level, time, said);
    label.after(box);
    let running = null, taken = null, playing = null, waiting = false;

    const silence = () => { playing?.stop(); playing = null; listen.textContent = "Listen"; };
    const begin = async () => {
      silence();
      // Until the microphone is there, a second press means nothing; the button keeps the keyboard meanwhile.
      waiting = true;
      level.value = 0;
      time.textContent = "";
      said.textContent = "Waiting for the microphone.";
      const context = new AudioContext();
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: { noiseSuppression: true, autoGainControl: true } });
        await context.audioWorklet.addModule(label.dataset.record);
        const pieces = [], node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
        running = { context, stream, pieces, heard: 0 };
        node.port.onmessage = ({ data }) => {
          if (!running) return;
          pieces.push(data);
          running.heard += data.length;
          level.value = data.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
          time.textContent = clock(running.heard / context.sampleRate);
          if (running.heard > LONGEST * context.sampleRate) end();
        };
        context.createMediaStreamSource(stream).connect(node);
        start.textContent = "Stop";
        start.classList.add("main");
        level.hidden = false;
        listen.hidden = true;
        said.textContent = "Recording. Speak now.";
      } catch (error) {
        running = null;
        context.close();
        said.textContent = why(error);
      }
      waiting = false;
    };
    const end = async () => {
      const { context, stream, pieces, heard } = running;
      running = null;
      for (const track of stream.getTracks()) track.stop();
      start.textContent = "Record again";
      start.classList.remove("main");
      level.hidden = true;
      if (!heard) { context.close(); said.textContent = "Nothing was recorded."; return; }
      const whole = context.createBuffer(1, heard, context.sampleRate);
      let at = 0;
      for (const piece of pieces) { whole.copyToChannel(piece, 0, at); at += piece.length; }
      const offline = new OfflineAudioContext(1, Math.ceil(heard / context.sampleRate * RATE), RATE);
      context.close();
      const source = offline.createBufferSource();
      source.buffer = whole;
      source.connect(offline.destination);
      source.start();
      taken = await offline.startRendering();
      const samples = taken.getChannelData(0), files = new DataTransfer();
      files.items.add(wav(samples));
      field.files = files.files;
      listen.hidden = false;
      said.textContent = `${judged(samples)} Listen to it, record it again, or keep it with the button below.`;
    };
    start.addEventListener("click", () => { if (!waiting) { if (running) end(); else begin(); } });
    // Through Web Audio: the policy of these pages lets no address of the page's own making be played.
    listen.addEventListener("click", () => {
      if (playing) { silence(); return; }
      const context = new AudioContext(), source = context.createBufferSource();
      source.buffer = taken;
      source.connect(context.destination);
      source.onended = () => { context.close(); if (playing === source) silence(); };
      source.start();
      playing = source;
      listen.textContent = "Stop listening";
    });
    field.addEventListener("change", () => { silence(); taken = null; listen.hidden = true; said.textContent = ""; time.textContent = ""; });
    addEventListener("pagehide", () => running?.stream.getTracks().forEach((track) => track.stop()));
  }
})();

"use strict";
// A list by keys, and all of it ticked at once. Without this script each line has its tick, and the buttons work.
(() => {
  const all = document.querySelector("[data-all]");
  if (all) {
    const picks = () => [...document.querySelectorAll(all.dataset.all)];
    const box = all.querySelector("input"), beyond = document.querySelector("[data-beyond]"), more = beyond?.querySelector("input");
    // What is beyond the page is offered once all of it is ticked, and given up with the first that is not.
    const settle = () => {
      const ticked = picks().filter((pick) => pick.checked).length;
      box.checked = ticked > 0 && ticked === picks().length;
      box.indeterminate = ticked > 0 && !box.checked;
      if (beyond) beyond.hidden = !box.checked;
      if (more && !box.checked) more.checked = false;
    };
    all.hidden = false;
    box.addEventListener("change", () => { for (const pick of picks()) pick.checked = box.checked; settle(); });
    document.addEventListener("change", (event) => { if (event.target.matches(all.dataset.all)) settle(); });
    settle();
  }
  const help = document.getElementById("keys");
  if (!help) return;
  const beside = (step) => {
    const rows = [...document.querySelectorAll(".messages .open")];
    const here = rows.findIndex((row) => row.hasAttribute("aria-current"));
    return rows[here < 0 ? 0 : here + step];
  };
  const meant = {
    n: () => beside(1)?.click(),
    p: () => beside(-1)?.click(),
    u: () => document.querySelector(".done form button")?.click(),
    f: () => document.querySelector("[data-key=f]")?.click(),
    r: () => document.querySelector("[data-key=r]")?.click(),
    x: () => document.querySelector(".messages .here .pick input")?.click(),
    "/": () => document.querySelector("main [type=search]")?.focus(),
    "?": () => (help.open ? help.close() : help.showModal()),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (help.open && event.key !== "?") return;
    if (!meant[event.key]) return;
    event.preventDefault();
    meant[event.key]();
  });
})();
