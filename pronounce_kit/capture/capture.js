// Sound from the microphone or a file to 16 kHz mono WAV, in the browser. Shared by all widgets and the server's page:
// they put this file in front of their own, so there are no imports and exports here.
//
// A take is heard twice: an AudioWorklet gives the samples as they are, and they are ready the moment the reader
// stops; a MediaRecorder is the reserve where the worklet gets nothing (Firefox without a sound output, pages whose
// security policy forbids worklets) or misses something (a machine that is too busy). VERDICTS comes from quality.py: what a bad take is called.

const PROBLEMS = {
  denied:
    "The microphone is blocked. Allow it for this page (the icon beside the address), then press Record again. Or upload a recording.",
  no_microphone: "There is no microphone. Plug one in, then press Record again. Or upload a recording.",
  busy: "Another program uses the microphone. Close it, then press Record again.",
  insecure:
    "The browser gives the microphone only to pages over https or of this machine. Open this page as https://… or http://localhost, or upload a recording.",
  unsupported:
    "This program does not give notebooks the microphone (VS Code and Colab often do not). Record with your phone or computer and upload the file, or open the notebook in JupyterLab.",
  broken: "The recording broke off. Check the microphone, then press Record again.",
  unreadable: "The browser cannot read this sound. Record again, or upload a WAV, MP3, M4A, OGG or WebM file.",
  too_large: "This file is too large to send. Upload a shorter recording (5 minutes at most).",
};

// The other way to give a recording is shown with these.
const NEEDS_UPLOAD = ["denied", "no_microphone", "insecure", "unsupported"];
const SOUND_FILES = "audio/*,video/webm,video/mp4,.webm,.ogg,.oga,.opus,.m4a,.mp3,.wav,.flac";

// What a recorder in each state says, and what its button is called.
const SAY = {
  idle: "",
  waiting: "Waiting for the microphone …",
  recording: "Recording. Read aloud, then press Stop.",
  preparing: "Preparing the recording …",
};
const LABELS = { idle: "Record", waiting: "Cancel", recording: "Stop", preparing: "One moment" };

const UNHEARD_S = 4;

/** What to say after some seconds of a take; heard: whether there was any speech so far, null where that is not known. */
const sayWhileRecording = (seconds, heard) =>
  heard === false && seconds > UNHEARD_S ? "Nothing is heard so far. Is the microphone on?" : SAY.recording;

/** A problem that the reader is told in these words; `code` is a key of PROBLEMS or VERDICTS. */
class Problem extends Error {
  constructor(code, cause) {
    super(PROBLEMS[code] ?? VERDICTS[code] ?? code);
    this.code = code;
    this.cause = cause;
  }
}

const NAMED = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "no_microphone",
  OverconstrainedError: "no_microphone",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** The Problem behind whatever the browser throws when it is asked for a microphone. */
function problemOf(error) {
  if (error instanceof Problem) return error;
  const code = NAMED[error?.name] ?? "broken";
  const policy = document.permissionsPolicy ?? document.featurePolicy;
  const embedded = location.protocol === "vscode-webview:" || policy?.allowsFeature?.("microphone") === false;
  return new Problem(code === "denied" && embedded ? "unsupported" : code, error);
}

const SHORTEST_S = 0.3; // as in quality.py
const SILENT_DBFS = -55;
const QUIET_DBFS = -45;
const CLIPPED_SHARE = 0.001;
const MISSED_S = 0.15; // a take that is shorter than the time it took by more than this is compared with the reserve
const BLOCK_S = 0.064; // a level is measured this often
const FLOOR_DBFS = -70; // quieter rooms count as this quiet

const TAP = `registerProcessor("pk-tap", class extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.block = new Float32Array(processorOptions.length);
    this.filled = 0;
    this.ended = false;
    this.port.onmessage = () => { this.ended = true; this.pass(); this.port.postMessage(null); };
  }
  pass() { if (this.filled) this.port.postMessage(this.block.slice(0, this.filled)); this.filled = 0; }
  process([[samples]]) {
    if (this.ended) return false;
    for (let at = 0; samples && at < samples.length; ) {
      const some = samples.subarray(at, at + this.block.length - this.filled);
      this.block.set(some, this.filled);
      this.filled += some.length;
      at += some.length;
      if (this.filled === this.block.length) this.pass();
    }
    return true;
  }
});`;

const toDbfs = (samples) => {
  let power = 0;
  for (const x of samples) power += x * x;
  return 10 * Math.log10(power / Math.max(1, samples.length) + 1e-10);
};

const within = (promise, milliseconds, otherwise = null) =>
  Promise.race([promise, new Promise((resolve) => setTimeout(resolve, milliseconds, otherwise))]);

/** Open a microphone ("" for any). The caller stops every track. */
async function openMicrophone(deviceId) {
  // Noise suppression eats weak consonants, which is what is assessed here.
  const wanted = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true };
  const ask = (audio) => navigator.mediaDevices.getUserMedia({ audio });
  if (!deviceId) return ask(wanted);
  try {
    return await ask({ ...wanted, deviceId: { exact: deviceId } });
  } catch (error) {
    // The chosen one was unplugged: any other will do.
    if (["OverconstrainedError", "NotFoundError"].includes(error.name)) return ask(wanted);
    throw error;
  }
}

const release = (stream) => stream?.getTracks().forEach((track) => track.stop());

/** The samples of a stream as they come: `onBlock(Float32Array)` about 16 times a second. Null where that fails. */
async function openTap(stream, sampleRate, onBlock) {
  let context;
  try {
    let source;
    try {
      context = new AudioContext({ sampleRate });
      source = context.createMediaStreamSource(stream);
    } catch {
      // Firefox does not resample here: take the device's rate, and resample in the end.
      await context?.close();
      context = new AudioContext();
      source = context.createMediaStreamSource(stream);
    }
    const rate = context.sampleRate;
    const url = URL.createObjectURL(new Blob([TAP], { type: "text/javascript" }));
    const [, loaded] = await Promise.all([
      within(context.resume(), 500),
      within(context.audioWorklet.addModule(url).then(() => true), 3000, false),
    ]);
    URL.revokeObjectURL(url);
    if (!loaded) throw new Error("no worklet");
    const node = new AudioWorkletNode(context, "pk-tap", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: { length: Math.round(rate * BLOCK_S) },
    });
    const blocks = [];
    let drained;
    const end = new Promise((resolve) => (drained = resolve));
    node.port.onmessage = ({ data }) => {
      if (data === null) return drained();
      blocks.push(data);
      onBlock(data);
    };
    source.connect(node);
    const close = () => {
      source.disconnect();
      return context.state === "closed" ? null : context.close();
    };
    /** All samples, at `sampleRate`. */
    const finish = async () => {
      node.port.postMessage("end");
      await within(end, 250);
      node.port.onmessage = null;
      close();
      return resample(joined(blocks), rate, sampleRate);
    };
    return { finish, close };
  } catch {
    if (context && context.state !== "closed") context.close();
    return null;
  }
}

/** The reserve: the stream as the browser compresses it. Null where the browser has no MediaRecorder. */
function openTape(stream) {
  try {
    const recorder = new MediaRecorder(stream);
    const chunks = [];
    recorder.ondataavailable = (event) => event.data.size && chunks.push(event.data);
    recorder.start(1000);
    const close = () => recorder.state === "inactive" || recorder.stop();
    const finish = async () => {
      if (recorder.state !== "inactive") {
        await within(new Promise((resolve) => ((recorder.onstop = resolve), recorder.stop())), 3000);
      }
      return new Blob(chunks, { type: recorder.mimeType });
    };
    return { finish, close };
  } catch {
    return null;
  }
}

function joined(blocks) {
  const all = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.length;
  }
  return all;
}

async function resample(samples, from, to) {
  if (from === to || !samples.length) return samples;
  const context = new OfflineAudioContext(1, Math.max(1, Math.round((samples.length * to) / from)), to);
  const buffer = context.createBuffer(1, samples.length, from);
  buffer.copyToChannel(samples, 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.start();
  return (await context.startRendering()).getChannelData(0);
}

/** The sound of a file (Blob) as mono samples at `sampleRate`; throws a Problem if the browser cannot read it. */
async function decode(blob, sampleRate) {
  try {
    // decodeAudioData resamples to its context's rate.
    const heard = await new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(await blob.arrayBuffer());
    const mono = new Float32Array(heard.length);
    for (let channel = 0; channel < heard.numberOfChannels; channel++) {
      const samples = heard.getChannelData(channel);
      for (let i = 0; i < mono.length; i++) mono[i] += samples[i] / heard.numberOfChannels;
    }
    return mono;
  } catch (error) {
    throw new Problem("unreadable", error);
  }
}

/** Samples to a WAV file (ArrayBuffer), 16-bit mono. */
function toWav(samples, sampleRate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const write = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  write(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  write(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // mono
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  const pcm = new Int16Array(view.buffer, 44); // every machine that runs a browser is little-endian
  for (let i = 0; i < pcm.length; i++) pcm[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
  return view.buffer;
}

/** A take. `problem` is null or what to tell the reader: {code, message}. Without samples it is what `more` says. */
function toTake(samples, sampleRate, more) {
  if (!samples) return { wav: null, seconds: null, problem: null, ...more };
  let clipped = 0;
  for (const x of samples) if (Math.abs(x) >= 0.999) clipped++;
  const levels = [];
  const block = Math.round(sampleRate * BLOCK_S);
  for (let at = 0; at < samples.length; at += block) levels.push(toDbfs(samples.subarray(at, at + block)));
  levels.sort((a, b) => a - b);
  const loudest = levels[Math.floor(levels.length * 0.95)] ?? -100;
  const seconds = samples.length / sampleRate;
  const [code] =
    Object.entries({
      too_short: seconds < SHORTEST_S,
      silent: loudest < SILENT_DBFS,
      clipped: clipped > CLIPPED_SHARE * samples.length,
      too_quiet: loudest < QUIET_DBFS,
    }).find(([, is]) => is) ?? [];
  const problem = code ? { code, message: VERDICTS[code] } : null;
  const wav = toWav(samples, sampleRate);
  return { wav, data: wav, type: "audio/wav", seconds, problem, ...more };
}

/** A sound file to a take. `wav` and `seconds` are null where only the kernel can read the file. */
async function decodeUpload(file, { sampleRate = 16000, maxBytes = Infinity } = {}) {
  const more = { reason: "upload", name: file.name };
  let take;
  try {
    take = toTake(await decode(file, sampleRate), sampleRate, more);
  } catch (problem) {
    if (file.size > maxBytes) throw problem;
    take = toTake(null, sampleRate, more);
  }
  // The file itself is what the reader gave: it is sent as it is, unless it is too large.
  if (file.size <= maxBytes) return { ...take, data: await file.arrayBuffer(), type: file.type };
  if (take.data.byteLength > maxBytes) throw new Problem("too_large");
  return take;
}

/** Whether someone is speaking, from levels alone: the middle between the room and the loudest so far parts them. */
class Hearing {
  floor = 0;
  loudest = -100;
  quietSince = null; // seconds

  hear(dbfs, seconds) {
    this.floor = Math.max(FLOOR_DBFS, Math.min(this.floor, dbfs));
    this.loudest = Math.max(this.loudest, dbfs);
    const quiet = dbfs < this.floor + 0.4 * (this.loudest - this.floor);
    if (!quiet) this.quietSince = null;
    else this.quietSince ??= seconds;
  }

  get heard() {
    return this.loudest > SILENT_DBFS && this.loudest - this.floor > 12;
  }

  silence(seconds) {
    return this.heard && this.quietSince !== null ? seconds - this.quietSince : 0;
  }
}

const OWN_SOURCE = { open: openMicrophone, tape: openTape, isMain: false };

/**
 * One microphone, one take at a time.
 *
 *   const capture = new Capture({ sampleRate, maxSeconds, stopAfterSilence, onLevel, onState, onTake, onError });
 *   await capture.start(deviceId);   // true once it records; false if it was stopped before, or failed (see onError)
 *   await capture.stop();            // {wav: ArrayBuffer, seconds, problem, reason, milliseconds, …} or null
 *   capture.cancel();                // stops and throws away what was recorded
 *   await capture.devices();         // [{deviceId, label}]; labels are known after the first permission
 *   capture.close();                 // for good: the widget went away
 *
 * onState(state)                      "idle", "waiting" (for the permission), "recording", "preparing"
 * onLevel(dbfs, seconds, heard)       while recording; dbfs is null where the level is not known; heard: any speech yet
 * onTake(take)                        every finished take, also one that ends by itself; reason says how it ended:
 *                                     "stopped", "limit" (maxSeconds), "silence" or "unplugged"
 * onError({code, message})            in plain words
 *
 * A take is {wav, data, type, seconds, problem: null or {code, message}, reason, path, milliseconds (from the stop to
 * the take)}: `wav` is the ArrayBuffer of the file, `data` what is sent to the kernel. `wav` and `seconds` are null
 * where only the kernel can read what was recorded.
 *
 * stopAfterSilence: seconds of silence, after something was heard, that end the take; 0 for never.
 * source: who opens the microphone and keeps the reserve; recorder.js has one of ipywebrtc.
 * The microphone is released after every take, whatever happens.
 */
class Capture {
  #turn = 0; // raised by whatever ends a take: what arrives for an older turn is thrown away
  #state = "idle";
  #session = null;
  #finishing = null;
  #unload = () => this.cancel();

  constructor(options = {}) {
    const nothing = () => {};
    this.options = {
      sampleRate: 16000, maxSeconds: 60, stopAfterSilence: 0, source: OWN_SOURCE,
      onLevel: nothing, onState: nothing, onTake: nothing, onError: nothing,
      ...options,
    };
    window.addEventListener("pagehide", this.#unload);
  }

  get state() {
    return this.#state;
  }

  #enter(state) {
    this.#state = state;
    this.options.onState(state);
  }

  async start(deviceId = "") {
    if (this.#state !== "idle") return false;
    const turn = ++this.#turn;
    this.#enter("waiting");
    let stream = null;
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw new Problem(window.isSecureContext ? "unsupported" : "insecure");
      stream = await this.options.source.open(deviceId);
      if (turn !== this.#turn) throw null;
      const hearing = new Hearing();
      const tape = await this.options.source.tape(stream);
      const taped = performance.now();
      let seconds = 0;
      const tap = await openTap(stream, this.options.sampleRate, (block) => {
        seconds += BLOCK_S;
        if (turn !== this.#turn) return;
        const dbfs = toDbfs(block);
        hearing.hear(dbfs, seconds);
        this.#tick(dbfs, seconds, hearing);
      });
      if (turn !== this.#turn) {
        tap?.close();
        tape?.close();
        throw null;
      }
      if (!tap && !tape) throw new Problem("unsupported");
      const began = performance.now();
      const lead = (began - taped) / 1000; // of the tape
      const elapsed = () => (performance.now() - began) / 1000;
      // Without a tap nobody else counts the time; with one, this is the limit for a sound card that stalls.
      const timer = setInterval(() => {
        if (!tap || elapsed() > seconds + 1) this.#tick(null, elapsed(), null);
      }, 200);
      stream.getTracks().forEach((track) => (track.onended = () => this.#end("unplugged")));
      this.#session = { stream, tap, tape, lead, elapsed, timer };
      this.#enter("recording");
      return true;
    } catch (error) {
      release(stream);
      if (turn === this.#turn) {
        this.#enter("idle");
        this.#complain(problemOf(error));
      }
      return false;
    }
  }

  #tick(dbfs, seconds, hearing) {
    if (this.#state !== "recording") return;
    const { maxSeconds, stopAfterSilence } = this.options;
    this.options.onLevel(dbfs, Math.min(seconds, maxSeconds), hearing?.heard ?? null);
    if (seconds >= maxSeconds) this.#end("limit");
    else if (stopAfterSilence > 0 && hearing?.silence(seconds) >= stopAfterSilence) this.#end("silence");
  }

  stop() {
    if (this.#state === "waiting") this.cancel(); // before the stream came
    return this.#end("stopped");
  }

  #end(reason) {
    const session = this.#session;
    if (session) {
      this.#session = null;
      this.#finishing = this.#finish(session, reason);
    }
    return this.#finishing ?? Promise.resolve(null);
  }

  async #finish(session, reason) {
    const turn = ++this.#turn;
    const began = performance.now();
    const { sampleRate, maxSeconds, source } = this.options;
    const { stream, tap, tape, lead, elapsed, timer } = session;
    const expected = Math.min(elapsed(), maxSeconds);
    clearInterval(timer);
    this.#enter("preparing");
    try {
      let samples = (await tap?.finish()) ?? new Float32Array();
      const more = { reason, path: "worklet" };
      if (tape && (source.isMain || samples.length / sampleRate < expected - MISSED_S)) {
        const blob = await tape.finish();
        const decoded = blob.size ? await decode(blob, sampleRate).catch(() => null) : new Float32Array();
        const missed = (decoded?.length ?? 0) / sampleRate - lead - samples.length / sampleRate;
        if (source.isMain || !samples.length || missed > MISSED_S) [samples, more.path] = [decoded, "decoded"];
        // What the browser cannot read back, the kernel perhaps can.
        if (source.isMain || !samples) Object.assign(more, { data: await blob.arrayBuffer(), type: blob.type });
      }
      tape?.close();
      release(stream);
      if (turn !== this.#turn) return null;
      samples = samples?.subarray(0, Math.floor(maxSeconds * sampleRate));
      if (samples?.length === 0) throw new Problem("empty");
      const take = { ...toTake(samples, sampleRate, more), milliseconds: performance.now() - began };
      this.#enter("idle");
      this.options.onTake(take);
      return take;
    } catch (error) {
      if (turn === this.#turn) {
        this.#enter("idle");
        this.#complain(problemOf(error));
      }
      return null;
    } finally {
      tape?.close();
      release(stream);
      if (turn === this.#turn) this.#finishing = null;
    }
  }

  #complain({ code, message }) {
    this.options.onError({ code, message });
  }

  cancel() {
    this.#turn++;
    const session = this.#session;
    this.#session = null;
    if (session) {
      clearInterval(session.timer);
      session.tap?.close();
      session.tape?.close();
      release(session.stream);
    }
    if (this.#state !== "idle") this.#enter("idle");
  }

  close() {
    this.cancel();
    window.removeEventListener("pagehide", this.#unload);
  }

  async devices() {
    const all = (await navigator.mediaDevices?.enumerateDevices?.().catch(() => [])) ?? [];
    return all
      .filter((device) => device.kind === "audioinput" && device.deviceId)
      .map(({ deviceId, label }, i) => ({ deviceId, label: label || `Microphone ${i + 1}` }));
  }
}
