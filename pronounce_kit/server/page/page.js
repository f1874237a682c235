"use strict";
(() => {
  const RATE = 16000;
  const API = "speech/recognition/conversation/cognitiveservices/v1?language=en-US&format=detailed";
  const settings = JSON.parse(document.body.dataset.settings);
  const $ = (id) => document.getElementById(id);

  let recorder = null; // while recording
  let waiting = false; // while a reply is awaited
  let wav = null; // the last take, kept until the next one
  let playing = null; // the model voice

  $("key-field").hidden = !settings.needsKey;

  // --- what the reader sees ---------------------------------------------------------------------------------

  function say(text) {
    $("status").textContent = text;
  }

  function complain(text) {
    say("");
    const line = document.createElement("p");
    line.textContent = text;
    $("error").replaceChildren(line);
  }

  function update() {
    const on = recorder !== null;
    $("record").classList.toggle("on", on);
    $("record-label").textContent = on ? "Stop" : "Record";
    // Not "disabled", which would take the focus away from whoever works with the keyboard.
    $("record").setAttribute("aria-disabled", waiting);
    $("listen").setAttribute("aria-disabled", on || waiting);
    $("again").setAttribute("aria-disabled", on || waiting);
    $("text").readOnly = on;
    $("level").hidden = !on;
  }

  // A problem of which the reader is told in these words.
  class Problem extends Error {}

  async function guarded(work) {
    $("error").replaceChildren();
    try {
      await work();
    } catch (error) {
      complain(error instanceof Problem ? error.message : `This did not work (${error.name}). Reload the page and try again.`);
    } finally {
      update();
    }
  }

  // --- the server -------------------------------------------------------------------------------------------

  async function send(path, headers, body) {
    if (settings.needsKey && !$("key").value.trim()) {
      $("key").focus();
      throw new Problem("Type the key first. pronounce-kit serve prints it when it starts.");
    }
    if (settings.needsKey) headers["Ocp-Apim-Subscription-Key"] = $("key").value.trim();
    let reply;
    try {
      reply = await fetch(path, { method: "POST", headers, body });
    } catch {
      throw new Problem("The server does not answer. Check that pronounce-kit serve is still running, then try again.");
    }
    if (reply.ok) return reply;
    if (reply.status === 401 || reply.status === 403) {
      $("key").focus();
      throw new Problem("The server does not accept this key. Copy it again from where pronounce-kit serve printed it.");
    }
    if (reply.status === 429) {
      throw new Problem("The server is busy with other readers. Wait a moment, then try again; your recording is kept.");
    }
    let said = "";
    try {
      const content = await reply.json();
      said = content.Message || content.error.message;
    } catch {
      said = `The server answers with the status ${reply.status}.`;
    }
    throw new Problem(said);
  }

  function base64(text) {
    return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
  }

  async function score() {
    const text = $("text").value.trim();
    const params = {
      ReferenceText: text,
      GradingSystem: "HundredMark",
      Granularity: "Phoneme",
      Dimension: "Comprehensive",
      EnableMiscue: true,
      EnableProsodyAssessment: true,
      PhonemeAlphabet: "IPA",
      NBestPhonemeCount: 5,
    };
    waiting = true;
    $("again").hidden = false;
    update();
    say("Listening to your recording …");
    try {
      const reply = await send(API, {
        "Content-Type": "audio/wav; codecs=audio/pcm; samplerate=16000",
        "Pronunciation-Assessment": base64(JSON.stringify(params)),
      }, wav);
      const found = await reply.json();
      const view = await send("view", { "Content-Type": "application/json" }, JSON.stringify({ ReferenceText: text, ...found }));
      $("result").innerHTML = await view.text(); // made and escaped by this server
      if (document.activeElement === $("again")) $("record").focus();
      $("again").hidden = true;
      say("");
      const finding = $("result").querySelector(".pk-headline, .pk-message");
      $("spoken").textContent = finding ? finding.textContent : "Scored.";
    } finally {
      waiting = false;
    }
  }

  // --- recording --------------------------------------------------------------------------------------------

  async function microphone() {
    if (!window.isSecureContext || !navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) {
      throw new Problem("The browser gives the microphone only to pages of this machine or over https. Open this page as http://127.0.0.1 or http://localhost, or serve it over https.");
    }
    if (!window.MediaRecorder) {
      throw new Problem("This browser cannot record. Use a current Firefox, Chrome, Edge or Safari.");
    }
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    } catch (error) {
      const reasons = {
        NotAllowedError: "The microphone is blocked. Allow it for this page (the icon beside the address), then press Record again.",
        NotFoundError: "There is no microphone. Plug one in, then press Record again.",
        NotReadableError: "Another program uses the microphone. Close it, then press Record again.",
      };
      throw new Problem(reasons[error.name] || `The microphone does not work (${error.name}). Check it, then press Record again.`);
    }
  }

  async function start() {
    if (!$("text").value.trim()) {
      $("text").focus();
      throw new Problem("Type the text that you will read, then press Record.");
    }
    if (settings.needsKey && !$("key").value.trim()) {
      $("key").focus();
      throw new Problem("Type the key first. pronounce-kit serve prints it when it starts.");
    }
    hush();
    waiting = true;
    update();
    say("Waiting for the microphone …");
    let stream;
    try {
      stream = await microphone();
    } finally {
      waiting = false;
    }
    const chunks = [];
    recorder = new MediaRecorder(stream);
    const mine = recorder;
    const stopMeter = meter(stream);
    const timer = setTimeout(stop, (settings.longestS - 1) * 1000);
    let ended = false;
    const end = (problem) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      stopMeter();
      stream.getTracks().forEach((track) => track.stop());
      recorder = null;
      update();
      guarded(async () => {
        if (problem) throw problem;
        await take(new Blob(chunks, { type: mine.mimeType }));
      });
    };
    mine.ondataavailable = (event) => chunks.push(event.data);
    mine.onstop = () => end(null);
    mine.onerror = () => end(new Problem("The recording broke off. Check the microphone, then press Record again."));
    mine.start(250);
    $("result").replaceChildren();
    $("spoken").textContent = "";
    $("take").hidden = true;
    update();
    say("Recording. Read the text aloud, then press Stop.");
  }

  function stop() {
    if (recorder && recorder.state !== "inactive") recorder.stop();
  }

  async function take(blob) {
    if (!blob.size) throw new Problem("Nothing was recorded. Press Record and read the text aloud.");
    say("Preparing the recording …");
    const context = new AudioContext();
    let samples;
    try {
      const heard = await context.decodeAudioData(await blob.arrayBuffer());
      const offline = new OfflineAudioContext(1, Math.max(1, Math.ceil(heard.duration * RATE)), RATE);
      const source = offline.createBufferSource();
      source.buffer = heard;
      source.connect(offline.destination);
      source.start();
      samples = (await offline.startRendering()).getChannelData(0);
    } catch {
      throw new Problem("The browser cannot read its own recording. Record again, and wait a moment before you press Stop.");
    } finally {
      context.close();
    }
    samples = samples.subarray(0, Math.floor(settings.longestS * RATE));
    wav = toWav(samples);
    URL.revokeObjectURL($("own").src);
    $("own").src = $("save").href = URL.createObjectURL(wav);
    $("take").hidden = false;
    await score();
  }

  function toWav(samples) {
    const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
    const write = (at, text) => [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
    write(0, "RIFF");
    view.setUint32(4, 36 + 2 * samples.length, true);
    write(8, "WAVEfmt ");
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true); // PCM
    view.setUint16(22, 1, true); // mono
    view.setUint32(24, RATE, true);
    view.setUint32(28, 2 * RATE, true);
    view.setUint16(32, 2, true);
    view.setUint16(34, 16, true);
    write(36, "data");
    view.setUint32(40, 2 * samples.length, true);
    samples.forEach((sample, index) => {
      view.setInt16(44 + 2 * index, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true);
    });
    return new Blob([view], { type: "audio/wav" });
  }

  // The level of the microphone, so that silence shows before it is scored. Returns how to end it.
  function meter(stream) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
      $("meter").value = Math.max(0, 60 + 10 * Math.log10(power + 1e-9)); // dB over -60
    }, 80);
    return () => {
      clearInterval(timer);
      context.close();
    };
  }

  // --- the model voice --------------------------------------------------------------------------------------

  function hush() {
    if (playing) playing.pause();
    playing = null;
  }

  async function listen() {
    const text = $("text").value.trim();
    if (!text) {
      $("text").focus();
      throw new Problem("Type a text first.");
    }
    hush();
    waiting = true;
    update();
    try {
      const reply = await send("cognitiveservices/v1", {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Microsoft-OutputFormat": "riff-24khz-16bit-mono-pcm",
      }, text);
      const url = URL.createObjectURL(await reply.blob());
      playing = new Audio(url);
      playing.onended = () => URL.revokeObjectURL(url);
      await playing.play();
    } finally {
      waiting = false;
    }
  }

  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (recorder) stop();
    else if (!waiting) guarded(start);
  });
  for (const [id, work] of [["listen", listen], ["again", score]]) {
    $(id).addEventListener("click", () => {
      if (!waiting && !recorder) guarded(work);
    });
  }
  update();
})();
