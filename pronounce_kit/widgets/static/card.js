// The practice card. What it shows of an attempt was decided by the kernel (scene.py); here it is drawn and played.
//
//   Practice    what is known: attempts, model readings. One for each widget, whatever shows it.
//   Player      plays parts of recordings, one after the other
//   drawing     waveform and melody
//   Card        the card on the screen, one for each view

const SLOW = 0.7; // speed of the slow model voice
const ANSWER_WITHIN_MS = 15_000; // a kernel that has said nothing by then is not there
const SPOKEN_WITHIN_MS = 30_000;
const SCORED_WITHIN_MS = 25_000; // from when a take is saved, or its score is asked for again
const NOBODY = "The notebook's kernel does not answer. Check that it is running, then try again.";

const ICONS = {
  play: "M8 5v14l11-7z",
  slow: "M8 5v14l11-7zM4 5h2v14H4z",
  stop: "M6 6h12v12H6z",
  record: "M12 6a6 6 0 1 0 0 12a6 6 0 0 0 0-12z",
  back: "M15.4 7.4L14 6l-6 6 6 6 1.4-1.4L10.8 12z",
  on: "M8.6 16.6L10 18l6-6-6-6-1.4 1.4L13.2 12z",
};

// --- small helpers ---------------------------------------------------------------------------------------------

/** An element; text is never read as HTML. */
function h(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.startsWith("aria-")) made.setAttribute(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const icon = (name) => svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));

const copied = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer;

const mark = (name, detail) => performance.mark(`pk-${name}`, { detail });

// --- what is known ----------------------------------------------------------------------------------------------

class Practice {
  attempts = new Map(); // id -> {id, index, number, scene, problem, notice, sound, parcel}
  models = new Map(); // index -> {sound, spans, duration_s}
  said = new Map(); // text -> sound
  answered = false; // whether a kernel has ever spoken to us
  problem = null;
  #listeners = new Set();
  #forget;

  constructor(model) {
    this.model = model;
    this.delivery = deliveryOf(model, model.get("_key"));
    const stop = this.delivery.onChange((parcel) => this.#onParcel(parcel));
    const onMessage = (content, buffers) => this.#receive(content, (buffers ?? []).map(copied));
    const onIndex = () => this.#tell("index");
    model.on("msg:custom", onMessage);
    model.on("change:index", onIndex);
    this.#forget = () => {
      stop();
      model.off("msg:custom", onMessage);
      model.off("change:index", onIndex);
    };
    this.send({ kind: "hello" });
  }

  close() {
    this.#forget();
  }

  get language() {
    return this.model.get("_language") ?? "en-US";
  }

  get texts() {
    return this.model.get("texts");
  }

  get index() {
    return Math.min(Math.max(this.model.get("index"), 0), this.texts.length - 1);
  }

  /** Attempts at a text, the first one first. */
  of(index) {
    return [...this.attempts.values()].filter((attempt) => attempt.index === index).sort((a, b) => a.number - b.number);
  }

  /** Of the attempts at a text, the one with the highest score; undefined without any. */
  best(index) {
    const value = (attempt) => attempt.scene.overall.value;
    return this.of(index)
      .filter((attempt) => attempt.scene?.overall && attempt.scene.counts)
      .reduce((best, attempt) => (best && value(best) >= value(attempt) ? best : attempt), undefined);
  }

  goTo(index) {
    if (index < 0 || index >= this.texts.length || index === this.index) return;
    this.model.set("index", index);
    this.model.save_changes();
  }

  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(what, subject) {
    for (const listener of [...this.#listeners]) listener(what, subject);
  }

  send(content) {
    try {
      this.model.send(content);
      return true;
    } catch {
      return false; // there is no kernel
    }
  }

  /** A finished take becomes an attempt; delivery.js sees to it that it reaches the disk. */
  deliver(take) {
    const { index } = this;
    const attempt = {
      id: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`,
      index, number: (this.of(index).at(-1)?.number ?? 0) + 1, scene: null, problem: null, sound: take.wav,
    };
    this.attempts.set(attempt.id, attempt);
    attempt.parcel = this.delivery.send(take, { attempt: attempt.id, index });
    this.#tell("attempt", attempt);
  }

  #onParcel(parcel) {
    const attempt = this.attempts.get(parcel.more.attempt);
    if (!attempt) return;
    attempt.parcel = parcel;
    if (parcel.state === "saved") mark("saved");
    this.#tell("parcel", attempt);
  }

  /** Let the kernel assess a take again that it could not assess; false if there is no kernel. */
  again(attempt) {
    if (!this.send({ kind: "score", attempt: attempt.id })) return false;
    attempt.problem = null;
    this.#tell("attempt", attempt);
    return true;
  }

  // --- what the kernel says

  #receive(content, [sound]) {
    this.answered = true;
    const handlers = {
      state: () => {
        content.attempts.forEach((found) => this.#learn(found));
        this.#tell("state");
      },
      scored: () => {
        mark("scored", content.milliseconds);
        this.#tell("scored", this.#learn(content));
      },
      redrawn: () => this.#tell("redrawn", this.#learn(content)),
      sound: () => {
        this.attempts.get(content.attempt).sound = sound;
        this.#tell("sound");
      },
      model: () => {
        this.models.set(content.index, { ...content, sound });
        this.#tell("model");
      },
      said: () => {
        this.said.set(content.text, sound);
        this.#tell("said");
      },
      silent: () => this.#tell("silent", content),
      problem: () => {
        this.problem = content.message;
        this.#tell("problem");
      },
    };
    handlers[content.kind]?.();
  }

  #learn(found) {
    const attempt = { sound: null, ...this.attempts.get(found.id), ...found };
    this.attempts.set(found.id, attempt);
    return attempt;
  }

  /** What the kernel is asked for; throws a Problem if it cannot give it, or not within half a minute. */
  async #asked(request, found) {
    if (found()) return found();
    return new Promise((resolve, reject) => {
      const give = (settle, value) => {
        clearTimeout(timer);
        stop();
        settle(value);
      };
      const nobody = new Problem(NOBODY);
      const timer = setTimeout(() => give(reject, nobody), SPOKEN_WITHIN_MS);
      const stop = this.listen((what, subject) => {
        if (what === "silent" && subject.asked === request.kind) give(reject, new Problem(subject.message));
        else if (found()) give(resolve, found());
      });
      if (!this.send(request)) give(reject, nobody);
    });
  }

  modelOf(index) {
    return this.#asked({ kind: "model", index }, () => this.models.get(index));
  }

  say(text) {
    return this.#asked({ kind: "say", text }, () => this.said.get(text));
  }

  soundOf(attempt) {
    return this.#asked({ kind: "sound", attempt: attempt.id }, () => this.attempts.get(attempt.id).sound);
  }
}

// --- playing ----------------------------------------------------------------------------------------------------

class Player {
  #context = null;
  #buffers = new WeakMap();
  #playing = null; // {sources, resolve}

  /** Play parts {sound: ArrayBuffer, span: [from, to] or null}, with a breath between them; ends when they end. */
  async play(parts, onPart = () => {}) {
    this.hush();
    this.#context ??= new AudioContext();
    const context = this.#context;
    const turn = (this.#playing = { sources: [], resolve: null });
    const buffers = await Promise.all([context.resume(), ...parts.map((part) => this.#buffer(part.sound))]);
    if (turn !== this.#playing) return;
    let at = context.currentTime + 0.02;
    parts.forEach((part, i) => {
      const buffer = buffers[i + 1];
      const [from, to] = part.span ?? [0, buffer.duration];
      const seconds = Math.min(to, buffer.duration) - from;
      const source = context.createBufferSource();
      const gain = context.createGain();
      source.buffer = buffer;
      source.connect(gain).connect(context.destination);
      // No clicks where a word is cut out of a sentence.
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(1, at + 0.01);
      gain.gain.setValueAtTime(1, at + Math.max(0.01, seconds - 0.015));
      gain.gain.linearRampToValueAtTime(0, at + seconds);
      source.start(at, from, seconds);
      turn.sources.push({ source, part, at, from, seconds });
      at += seconds + 0.35;
    });
    const ended = new Promise((resolve) => (turn.resolve = resolve));
    turn.sources.at(-1).source.onended = () => turn.resolve();
    const follow = () => {
      if (turn !== this.#playing) return;
      const now = context.currentTime;
      const current = turn.sources.find(({ at: start, seconds }) => now >= start && now <= start + seconds);
      onPart(current ? { part: current.part, time: current.from + now - current.at } : null);
      requestAnimationFrame(follow);
    };
    follow();
    await ended;
    if (turn === this.#playing) this.#playing = null;
    onPart(null);
  }

  /** Play all of a sound, slower, at its own pitch. */
  async playSlowly(sound, speed) {
    this.hush();
    const url = URL.createObjectURL(new Blob([sound], { type: "audio/wav" }));
    const audio = new Audio(url);
    audio.preservesPitch = true;
    audio.playbackRate = speed;
    const turn = (this.#playing = { sources: [], audio, resolve: null });
    const ended = new Promise((resolve) => (turn.resolve = resolve));
    audio.onended = audio.onerror = () => turn.resolve();
    try {
      await audio.play();
      await ended;
    } catch {
      // hushed before it began
    } finally {
      URL.revokeObjectURL(url);
      if (turn === this.#playing) this.#playing = null;
    }
  }

  hush() {
    const turn = this.#playing;
    this.#playing = null;
    turn?.audio?.pause();
    turn?.sources.forEach(({ source }) => source.stop());
    turn?.resolve?.();
  }

  close() {
    this.hush();
    if (this.#context && this.#context.state !== "closed") this.#context.close();
  }

  async #buffer(sound) {
    if (!this.#buffers.has(sound)) this.#buffers.set(sound, await this.#context.decodeAudioData(sound.slice(0)));
    return this.#buffers.get(sound);
  }
}

// --- drawing ----------------------------------------------------------------------------------------------------

const HEIGHT = 132;
const WAVE = 24; // half the height of the loudest moment
const MELODY = [8, 76]; // from the highest to the lowest pitch
const REACH = [6, 12]; // semitones above and below the middle that are drawn, at least and at most
const AROUND_S = 0.15; // what is drawn before the first and after the last word

/** The learner's waveform and melody, with the model's over them; words are named below. */
function drawing(scene, selected, width) {
  const { loudness, semitones, hop_s } = scene.contour;
  const spans = scene.words.map((word) => word.span).filter(Boolean);
  const first = Math.max(0, Math.min(...spans.map(([from]) => from)) - AROUND_S);
  const last = Math.min(scene.duration_s, Math.max(...spans.map(([, to]) => to)) + AROUND_S);
  const x = (seconds) => ((seconds - first) / Math.max(last - first, 0.1)) * width;
  const farthest = Math.max(...semitones.concat(scene.model?.semitones ?? []).map(Math.abs));
  const reach = Math.max(REACH[0], Math.min(REACH[1], farthest));
  const y = (pitch) => MELODY[0] + ((reach - Math.max(-reach, Math.min(reach, pitch))) / (2 * reach)) * (MELODY[1] - MELODY[0]);
  const middle = 96;
  const outline = (values, from, to) => {
    const edge = (size) =>
      values
        .map((value, i) => [i * hop_s, value])
        .filter(([time]) => time >= from && time <= to)
        .map(([time, value]) => `${x(time).toFixed(1)} ${(middle - (size * value) / 100).toFixed(1)}`);
    return `M${edge(WAVE).join("L")}L${edge(-WAVE / 2).reverse().join("L")}Z`;
  };
  const line = (values) =>
    values
      .map((value, i) => {
        if (value === null) return "";
        const starts = i === 0 || values[i - 1] === null;
        return `${starts ? "M" : "L"}${x(i * hop_s).toFixed(1)} ${y(value).toFixed(1)}`;
      })
      .join("");
  const picture = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true", focusable: "false" });
  scene.words.forEach((word, i) => {
    if (!word.span) return;
    const [from, to] = word.span;
    if (i === selected) picture.append(svg("rect", { class: "chosen", x: x(from), y: 0, width: Math.max(2, x(to) - x(from)), height: HEIGHT, rx: 4 }));
  });
  picture.append(svg("path", { class: "wave", d: outline(loudness, first, last) }));
  if (scene.model) picture.append(svg("path", { class: "model-wave", d: outline(scene.model.loudness, first + AROUND_S, last - AROUND_S) }));
  picture.append(svg("path", { class: "melody", d: line(semitones) }));
  if (scene.model) picture.append(svg("path", { class: "model-melody", d: line(scene.model.semitones) }));
  const playhead = svg("line", { class: "playhead", y1: 0, y2: HEIGHT, x1: -9, x2: -9 });
  picture.append(playhead);
  let free = -Infinity; // names that would run into each other are left out
  scene.words.forEach((word, i) => {
    if (!word.span) return;
    const at = (x(word.span[0]) + x(word.span[1])) / 2;
    const half = 3.4 * word.text.length;
    if (at - half < free && i !== selected) return;
    free = at + half + 3;
    const name = svg("text", { x: at, y: HEIGHT - 3, "text-anchor": "middle", class: i === selected ? "name chosen" : "name" });
    name.textContent = word.text;
    picture.append(name);
  });
  const moveTo = (seconds) => {
    const at = seconds === null ? -9 : x(seconds);
    playhead.setAttribute("x1", at);
    playhead.setAttribute("x2", at);
  };
  return { picture, moveTo };
}

// --- the card ---------------------------------------------------------------------------------------------------

class Card {
  #practice;
  #player = new Player();
  #capture;
  #shown = null; // the attempt on the screen
  #selected = null; // index of a word
  #busy = false; // a take is being scored
  #problem = null; // {attempt}: that a problem is told, and of which attempt
  #overdue = null; // timer of a score
  #forget;
  #observer;
  #moveTo = () => {};

  constructor(practice, el) {
    this.#practice = practice;
    this.#build(el);
    const { model } = practice;
    this.#capture = new Capture({
      maxSeconds: model.get("max_seconds"),
      stopAfterSilence: model.get("stop_after_silence_s"),
      onLevel: (...level) => this.#onLevel(...level),
      onState: () => this.#controls(),
      onTake: (take) => this.#onTake(take),
      onError: ({ message }) => this.#complain(message),
    });
    this.#forget = practice.listen((what, subject) => this.#onNews(what, subject));
    this.#observer = new ResizeObserver(() => this.#draw());
    this.#observer.observe(this.figure);
    this.#goTo();
    setTimeout(() => {
      if (!practice.answered && !this.#problem) {
        this.#complain("The notebook's kernel does not answer. Run this cell again; if that does not help, restart the kernel.");
      }
    }, ANSWER_WITHIN_MS);
  }

  close() {
    clearTimeout(this.#overdue);
    this.#forget();
    this.#observer.disconnect();
    this.#capture.close();
    this.#player.close();
  }

  // --- the skeleton; everything below fills it

  #build(el) {
    const button = (name, label, icons, onclick) =>
      (this[name] = h("button", { type: "button", class: name, onclick: () => this.#guarded(onclick) }, icon(icons), h("span", {}, label)));
    this.back = h("button", { type: "button", class: "step", "aria-label": "Previous sentence", onclick: () => this.#practice.goTo(this.#practice.index - 1) }, icon("back"));
    this.on = h("button", { type: "button", class: "step", "aria-label": "Next sentence", onclick: () => this.#practice.goTo(this.#practice.index + 1) }, icon("on"));
    this.steps = h("ol", { class: "steps", "aria-hidden": "true" });
    this.count = h("span", { class: "count" });
    this.nav = h("div", { class: "sentences", role: "group", "aria-label": "Sentences" }, this.back, this.count, this.steps, this.on);
    this.sentence = h("p", { class: "pk-sentence", lang: this.#practice.language, dir: "auto" });
    button("listen", "Listen", "play", () => this.#listen());
    button("slowly", "Slowly", "slow", () => this.#listen(SLOW));
    button("record", "Record", "record", () => this.#toggle());
    button("mine", "My reading", "play", () => this.#playMine());
    this.bar = h("i");
    this.time = h("span", { class: "time" });
    this.level = h("div", { class: "level", "aria-hidden": "true" }, h("span", { class: "bar" }, this.bar), this.time);
    this.status = h("p", { class: "status", role: "status" });
    this.alert = h("div", { class: "problem", role: "alert" });
    this.file = h("input", { type: "file", accept: SOUND_FILES, class: "unseen", tabindex: "-1", "aria-label": "A recording to upload", onchange: () => this.#guarded(() => this.#upload()) });
    this.uploader = h("button", { type: "button", class: "link", onclick: () => this.file.click() }, "Upload a recording instead");
    this.result = h("section", { class: "result", "aria-label": "Result" });
    this.word = h("section", { class: "word", "aria-label": "Word" });
    this.canvas = h("div", { class: "canvas" });
    this.caption = h("figcaption");
    this.figure = h("figure", {}, this.canvas, this.caption);
    this.legend = h("ul", { class: "legend", "aria-label": "What colours and signs mean" });
    this.attempts = h("section", { class: "attempts", "aria-label": "Attempts" });
    this.root = h(
      "section",
      { class: "pk pk-card", "aria-label": "Pronunciation practice", onkeydown: (event) => this.#onKey(event) },
      this.nav, this.sentence,
      h("div", { class: "controls" }, h("div", { class: "hear" }, this.listen, this.slowly, this.mine), this.record),
      this.level, this.status, this.alert,
      this.result, this.word, this.figure, this.attempts,
      h("div", { class: "foot" }, this.legend, this.uploader, this.file),
    );
    el.replaceChildren(this.root);
    keepShortcutsOut(this.root);
  }

  async #guarded(work) {
    try {
      await work();
    } catch (error) {
      this.#complain(error instanceof Problem ? error.message : `This did not work (${error.message}). Reload the page and try again.`);
    }
  }

  /** Tell what goes on; `seen` says whether it stands somewhere else on the card already. */
  #say(text, seen = false) {
    this.status.textContent = text;
    this.status.classList.toggle("unseen", seen);
  }

  /** Tell of a problem, and offer what helps. */
  #complain(message, { attempt = null, help = null } = {}) {
    this.#say("");
    this.#settle();
    this.#problem = { attempt };
    this.alert.replaceChildren(h("p", {}, message), ...(help ? [help] : []));
  }

  #settle() {
    this.#problem = null;
    this.alert.querySelectorAll("a").forEach((link) => URL.revokeObjectURL(link.href));
    this.alert.replaceChildren();
  }

  // --- news

  #onNews(what, subject) {
    const here = subject?.index === this.#practice.index;
    if (what === "index") this.#goTo();
    else if (what === "state") {
      this.#settle(); // the kernel answers after all
      this.#goTo(false);
    }
    else if (what === "problem") this.#complain(this.#practice.problem);
    else if (what === "attempt" && here) this.#onAttempt(subject);
    else if (what === "parcel" && here) this.#onParcel(subject);
    else if (what === "scored" && here) this.#onScored(subject);
    else if (what === "redrawn" && here && subject.id === this.#shown?.id) {
      this.#shown = subject;
      this.#draw();
      this.#drawWord();
    }
    if (what === "scored") this.#drawSteps();
  }

  #onTake(take) {
    mark("encoded", { milliseconds: take.milliseconds, seconds: take.seconds });
    this.#practice.deliver(take);
  }

  #onAttempt(attempt) {
    this.#settle();
    this.#busy = true;
    this.#say("Listening to your reading …");
    this.#controls();
    this.#expect(attempt);
  }

  #expect(attempt) {
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.#onOverdue(attempt.id), SCORED_WITHIN_MS);
  }

  #onParcel(attempt) {
    const { parcel } = attempt;
    const told = this.#problem?.attempt === attempt.id;
    if (attempt.scene || attempt.problem) return;
    if (parcel.state === "saved") {
      if (told) this.#onAttempt(attempt);
      else this.#expect(attempt);
    }
    if (["waiting", "rescued", "unsaved"].includes(parcel.state)) {
      this.#busy = parcel.state === "unsaved"; // it is scored all the same
      this.#complain(describeParcel(parcel), { attempt: attempt.id, help: downloadLink(parcel.take, "Save my recording") });
      this.#controls();
    }
  }

  #onOverdue(id) {
    this.#busy = false;
    this.#controls();
    const attempt = this.#practice.attempts.get(id);
    const { scene, problem, parcel } = attempt;
    // It came by another way, or what is told of the take already (that it is not saved) counts more.
    if (scene || problem || this.#problem?.attempt === id) return;
    const saved = parcel?.path ? ` Your recording is saved as ${parcel.path}.` : "";
    const message = `No score has come back yet.${saved} If the kernel has stopped, restart it and run this cell again.`;
    this.#complain(message, { attempt: id, help: this.#again(attempt) });
  }

  #again(attempt) {
    const ask = () => this.#practice.again(attempt) || this.#complain(NOBODY, { attempt: attempt.id, help: this.#again(attempt) });
    return h("button", { type: "button", class: "quiet", onclick: ask }, "Score it again");
  }

  #onScored(attempt) {
    clearTimeout(this.#overdue);
    this.#busy = false;
    if (attempt.problem) {
      this.#complain(attempt.problem, { attempt: attempt.id, help: this.#again(attempt) });
      this.#controls();
      this.#drawAttempts();
      return;
    }
    if (attempt.parcel?.state !== "unsaved") this.#settle();
    this.#show(attempt, true);
    if (attempt.notice) this.#complain(attempt.notice);
    requestAnimationFrame(() => requestAnimationFrame(() => mark("drawn")));
  }

  #goTo(afresh = true) {
    const { index, texts } = this.#practice;
    if (afresh) {
      this.#capture?.cancel();
      this.#player.hush();
      this.#settle();
      this.#busy = false;
      clearTimeout(this.#overdue);
    }
    this.nav.hidden = texts.length < 2;
    this.count.textContent = `${index + 1} of ${texts.length}`;
    this.back.setAttribute("aria-disabled", index === 0);
    this.on.setAttribute("aria-disabled", index === texts.length - 1);
    const latest = this.#practice.of(index).filter((attempt) => attempt.scene).at(-1);
    this.#say("");
    this.#show(latest ?? null, false);
    if (afresh && this.root.contains(document.activeElement)) this.#say(`Sentence ${index + 1}: ${texts[index]}`);
    this.#drawSteps();
    this.#practice.of(index).forEach((attempt) => attempt.parcel && this.#onParcel(attempt));
  }

  // --- recording and playing

  async #toggle() {
    if (this.#capture.state === "recording" || this.#capture.state === "waiting") {
      mark("stop");
      await this.#capture.stop();
    } else if (!this.#busy && this.#capture.state === "idle") {
      this.#player.hush();
      this.#settle();
      this.#say("");
      if (await this.#capture.start()) this.#say(SAY.recording);
    }
  }

  #onLevel(dbfs, seconds, heard) {
    const wanted = sayWhileRecording(seconds, heard);
    if (this.status.textContent !== wanted) this.#say(wanted);
    const share = dbfs === null ? 0.5 : Math.max(0.02, Math.min(1, (dbfs + 60) / 50));
    this.bar.style.transform = `scaleX(${share.toFixed(3)})`;
    const clock = (value) => `${Math.floor(value / 60)}:${String(Math.floor(value % 60)).padStart(2, "0")}`;
    this.time.textContent = `${clock(seconds)} / ${clock(this.#practice.model.get("max_seconds"))}`;
  }

  async #upload() {
    const [file] = this.file.files;
    if (!file) return;
    this.file.value = "";
    this.#onTake(await decodeUpload(file, { maxBytes: this.#practice.model.get("_max_bytes") }));
  }

  async #listen(speed = 1) {
    const { index } = this.#practice;
    if (!this.#practice.models.has(index)) this.#say("The model voice gets ready …");
    const { sound } = await this.#practice.modelOf(index);
    if (index !== this.#practice.index) return;
    this.#say("");
    const [button, play] =
      speed === 1
        ? [this.listen, () => this.#player.play([{ sound }])]
        : [this.slowly, () => this.#player.playSlowly(sound, speed)];
    await this.#playing(button, play);
  }

  async #playMine() {
    const sound = await this.#practice.soundOf(this.#shown);
    await this.#playing(this.mine, () => this.#player.play([{ sound, own: true }], (at) => this.#follow(at)));
  }

  /** A word as the learner said it ("me"), as the model voice does ("model"), or one after the other ("both"). */
  async #playWord(index, who, button) {
    const attempt = this.#shown;
    const word = attempt.scene.words[index];
    const parts = [];
    if (who !== "model" && word.span) parts.push({ sound: await this.#practice.soundOf(attempt), span: word.span, own: true });
    if (who !== "me" && word.of_text !== null) {
      const { sound, spans } = await this.#practice.modelOf(attempt.index);
      if (spans[word.of_text]) parts.push({ sound, span: spans[word.of_text] });
      else if (who === "model") this.#complain("The model voice cannot say this word by itself. Press Listen for the sentence.");
    }
    if (parts.length) await this.#playing(button, () => this.#player.play(parts, (at) => this.#follow(at)));
  }

  async #playPair(text, button) {
    const sound = await this.#practice.say(text);
    await this.#playing(button, () => this.#player.play([{ sound }]));
  }

  /** All playing goes through here: nothing is played into a take. */
  async #playing(button, play) {
    if (this.#capture.state !== "idle") return;
    button.classList.add("playing");
    try {
      await play();
    } finally {
      button.classList.remove("playing");
    }
  }

  #follow(at) {
    this.#moveTo(at?.part.own ? at.time : null);
  }

  #onKey(event) {
    if (event.key === "Escape") this.#player.hush();
    const words = [...this.sentence.querySelectorAll("button")];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = words.indexOf(event.target);
    if (step && at >= 0) {
      words[at + step]?.focus();
      event.preventDefault();
    }
    event.stopPropagation(); // the notebook has shortcuts of single keys
  }

  // --- what is on the screen

  #controls() {
    const state = this.#capture?.state ?? "idle";
    const on = state === "recording" || state === "waiting";
    this.root.classList.toggle("recording", state === "recording");
    this.root.classList.toggle("busy", this.#busy || state === "preparing");
    this.record.classList.toggle("on", on);
    const label = on ? "Stop" : this.#practice.of(this.#practice.index).length ? "Record again" : "Record";
    this.record.replaceChildren(icon(on ? "stop" : "record"), h("span", {}, label));
    this.record.setAttribute("aria-disabled", this.#busy || state === "preparing");
    for (const button of [this.listen, this.slowly, this.mine]) button.setAttribute("aria-disabled", state !== "idle");
    this.mine.hidden = !this.#shown;
    this.level.hidden = state !== "recording";
    if (state === "waiting") this.#say(SAY.waiting);
  }

  #show(attempt, told) {
    this.#shown = attempt;
    const scene = attempt?.scene ?? null;
    const words = scene?.words ?? [];
    const worst = words.findIndex((word) => word.state === "mispronounced");
    this.#selected = worst >= 0 ? worst : words.findIndex((word) => word.state === "fair" || word.state === "skipped");
    if (this.#selected < 0) this.#selected = null;
    this.#drawSentence();
    this.#drawResult();
    this.#drawWord();
    this.#draw();
    this.#drawAttempts();
    this.#controls();
    if (told && scene) {
      const overall = scene.overall ? `${scene.overall.text} of 100. ` : "";
      this.#say(scene.message ?? `${overall}${scene.headline}.`, true);
    }
  }

  #drawSentence() {
    const { texts, index } = this.#practice;
    const words = this.#shown?.scene?.words ?? [];
    if (!words.length) return this.sentence.replaceChildren(texts[index]);
    const pieces = words.flatMap((word, i) => [
      word.before,
      ...word.marks.map((found) => h("span", { class: "pk-mark", title: found.label, "aria-hidden": "true" }, found.sign)),
      h(
        "button",
        {
          type: "button", class: `pk-word ${word.classes}`, "aria-label": word.label, "aria-pressed": i === this.#selected,
          title: word.label, onclick: (event) => this.#guarded(() => this.#choose(i, event.currentTarget)),
        },
        word.shown,
        word.flat && h("sup", {}, word.flat),
      ),
      word.after,
      " ",
    ]);
    this.sentence.replaceChildren(...pieces.filter((piece) => piece));
  }

  async #choose(index, button) {
    this.#selected = index;
    this.sentence.querySelectorAll("button").forEach((word, i) => word.setAttribute("aria-pressed", i === index));
    this.#drawWord();
    this.#draw();
    await this.#playWord(index, "both", button);
  }

  #drawResult() {
    const scene = this.#shown?.scene;
    this.result.hidden = !scene;
    this.legend.hidden = !scene?.legend.length;
    this.legend.replaceChildren(...(scene?.legend ?? []).map(({ sample, label, classes }) =>
      h("li", {}, h("span", { class: classes, "aria-hidden": "true" }, sample), label)));
    if (!scene) return this.result.replaceChildren();
    if (scene.message) return this.result.replaceChildren(h("p", { class: "pk-message" }, scene.message));
    const [overall, ...parts] = scene.scores;
    const { index, texts } = this.#practice;
    const onwards = !scene.words.some((word) => word.hint) && index + 1 < texts.length;
    const tile = (score, css = "") =>
      h("li", { class: `tile pk-${score.band} ${css}`, title: `${score.label}: ${score.meaning}` },
        h("span", { class: "name" }, score.label), " ", h("strong", {}, score.text),
        h("span", { class: "unseen" }, `${score.spoken.slice(score.text.length)}, ${score.band_label}`));
    this.result.replaceChildren(
      h("div", { class: "finding" },
        h("p", { class: "pk-headline" }, scene.headline),
        onwards && h("button", { type: "button", class: "quiet", onclick: () => this.#practice.goTo(index + 1) }, "Next sentence", icon("on"))),
      scene.advice && h("p", { class: "advice" }, scene.advice) || "",
      h("ul", { class: "tiles", "aria-label": "Scores" }, overall && tile(overall, "overall"), parts.map((part) => tile(part))),
    );
  }

  #drawWord() {
    const scene = this.#shown?.scene;
    const index = this.#selected;
    const word = index === null ? null : scene?.words[index];
    this.word.hidden = !word;
    if (!word) return this.word.replaceChildren();
    const play = (label, who) => {
      const button = h("button", { type: "button", class: "quiet", onclick: () => this.#guarded(() => this.#playWord(index, who, button)) },
        icon("play"), h("span", {}, label), h("span", { class: "unseen" }, `: ${word.text}`));
      return button;
    };
    const verdict = word.score === null ? word.state_label : `${word.score} of 100, ${word.state_label}`;
    this.word.setAttribute("aria-label", `The word ${word.text}`);
    const parts = [
      h("div", { class: "head" }, h("h3", {}, word.text), h("span", { class: "verdict" }, verdict),
        h("span", { class: "plays" }, word.span && play("Me", "me"), word.of_text !== null && play("Model", "model"))),
      word.sounds.length > 0 && h("ul", { class: "sounds", "aria-label": "Sounds" }, word.sounds.map((sound) => this.#sound(sound))),
      word.hint && this.#hint(word.hint),
      scene.melodies?.[index] && h("p", { class: "small" }, scene.melodies[index]),
    ];
    this.word.replaceChildren(...parts.filter(Boolean));
  }

  #sound(sound) {
    const as = (name, example) => (example ? `${name} as in ${example}` : name);
    const heard = sound.heard ? `, heard as ${as(sound.heard, sound.heard_example)}` : "";
    return h("li", { class: "sound", title: as(sound.name, sound.example) + heard },
      h("span", { "aria-hidden": "true", class: `face pk-${sound.band}` }, sound.name),
      h("span", { "aria-hidden": "true", class: "points" }, sound.score),
      sound.heard && h("span", { "aria-hidden": "true", class: "heard" }, `heard ${sound.heard}`),
      h("span", { class: "unseen" }, `${as(sound.name, sound.example)}: ${sound.score}, ${sound.band_label}${heard}`));
  }

  #hint(hint) {
    const pairs = hint.pairs.map(([word, other]) => {
      const button = h("button", { type: "button", class: "pair", onclick: () => this.#guarded(() => this.#playPair(`${word}. ${other}.`, button)) },
        icon("play"), h("b", {}, word), h("span", {}, `– ${other}`));
      return h("li", {}, button);
    });
    return h("div", { class: "hint" },
      h("p", {}, hint.sound && h("b", {}, `${hint.sound.name} `), hint.sound && `as in ${hint.sound.example}. `, hint.text),
      pairs.length > 0 && h("div", { class: "practise" }, h("span", { class: "small" }, "Hear the difference:"), h("ul", { class: "pairs" }, pairs)),
      hint.how.length > 0 && h("details", {}, h("summary", {}, "Mouth, tongue and voice"),
        h("dl", {}, hint.how.flatMap(([name, what]) => [h("dt", {}, name), h("dd", {}, what)]))));
  }

  #draw() {
    const scene = this.#shown?.scene;
    this.figure.hidden = !scene?.words.some((word) => word.span);
    if (this.figure.hidden) return this.canvas.replaceChildren();
    const width = Math.round(this.canvas.clientWidth);
    if (!width) return;
    const { picture, moveTo } = drawing(scene, this.#selected, width);
    this.#moveTo = moveTo;
    this.canvas.replaceChildren(picture);
    const key = (css, text) => h("span", { class: "key" }, h("i", { class: css, "aria-hidden": "true" }), text);
    const parts = [key("you", "you"), scene.model && key("model", "model voice"), h("span", { class: "told" }, scene.melody ?? "Loudness below, melody above.")];
    this.caption.replaceChildren(...parts.filter(Boolean));
  }

  #drawAttempts() {
    const all = this.#practice.of(this.#practice.index);
    const best = this.#practice.best(this.#practice.index);
    this.attempts.hidden = !all.length;
    const total = `${all.length} attempt${all.length === 1 ? "" : "s"}${best ? `, best ${best.scene.overall.text}` : ""}`;
    this.attempts.replaceChildren(
      h("span", { class: "small total" }, total),
      h("ol", {}, all.map((attempt) => {
        const score = attempt.scene?.overall;
        const label = `Attempt ${attempt.number}: ${score ? `${score.text} of 100` : "no score"}${attempt === best ? ", the best" : ""}`;
        return h("li", {}, h("button", {
          type: "button", class: `attempt pk-${score?.band ?? "unscored"}`, "aria-label": label, title: label,
          "aria-pressed": attempt.id === this.#shown?.id, "aria-disabled": !attempt.scene,
          onclick: () => attempt.scene && (this.#player.hush(), this.#show(attempt, true), this.attempts.querySelectorAll("button")[attempt.number - 1]?.focus()),
        }, score?.text ?? "–", attempt === best && all.length > 1 && h("span", { "aria-hidden": "true" }, " ★")));
      })),
    );
  }

  #drawSteps() {
    const { texts, index } = this.#practice;
    this.steps.replaceChildren(...texts.map((_, i) => h("li", { class: `pk-${this.#practice.best(i)?.scene.overall.band ?? "none"}${i === index ? " here" : ""}` })));
  }
}

// By the widget's own key: each call below gets another `model` for the same widget.
const PRACTICES = new Map();

function initialize({ model }) {
  const key = model.get("_key");
  PRACTICES.set(key, new Practice(model));
  return () => {
    PRACTICES.get(key).close();
    PRACTICES.delete(key);
  };
}

function render({ model, el }) {
  const card = new Card(PRACTICES.get(model.get("_key")), el);
  return () => card.close();
}

export default { initialize, render };
