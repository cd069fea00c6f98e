"use strict";
// Hands what the microphone hears to the page, in pieces of about a twentieth of a second (Web Audio API, AudioWorklet).
registerProcessor("recorder", class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.held = new Float32Array(Math.ceil(sampleRate / 20 / 128) * 128);
    this.filled = 0;
  }

  process([input]) {
    const channel = input[0];
    if (channel) {
      this.held.set(channel, this.filled);
      this.filled += channel.length;
      if (this.filled >= this.held.length) {
        this.port.postMessage(this.held.slice());
        this.filled = 0;
      }
    }
    return true;
  }
});
