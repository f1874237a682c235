// The view of widgets.Recorder: a button, a level meter, the time, the last take, a choice of device, an upload.

const ENDED = { limit: "The time was up.", silence: "Stopped after the silence.", unplugged: "The microphone was unplugged." };

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** The microphone and the AudioRecorder of ipywebrtc, in the place of Capture's own; its faults are dealt with here. */
function ipywebrtcSource(model) {
  const manager = model.widget_manager;
  const models = async () => {
    const recorder = await manager.get_model(model.get("_ipywebrtc"));
    return { recorder, stream: recorder.get("stream"), audio: recorder.get("audio") };
  };
  const until = async (condition) => {
    for (let tries = 0; tries < 150 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    if (!condition()) throw new Problem("broken");
  };
  const open = async (deviceId) => {
    const { stream } = await models();
    // It keeps the stream of its first take for ever, also when that was stopped, or never came.
    stream.cameraStream = null;
    const { deviceId: _, ...audio } = stream.get("constraints").audio;
    stream.set("constraints", { video: false, audio: deviceId ? { ...audio, deviceId } : audio });
    return stream.captureStream();
  };
  const tape = async () => {
    const { recorder, audio } = await models();
    const switchTo = (on) => {
      recorder.set("recording", on);
      recorder.save_changes();
    };
    recorder.mediaRecorder = null;
    switchTo(true);
    await until(() => recorder.mediaRecorder?.state === "recording");
    const began = performance.now();
    let open = true;
    return {
      finish: async () => {
        open = false;
        // Less is a file without sound.
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, 500 - (performance.now() - began))));
        const value = new Promise((resolve) => audio.once("change:value", () => resolve(audio.get("value"))));
        if (recorder.mediaRecorder.state === "recording") switchTo(false);
        const bytes = await within(value, 5000);
        if (!bytes) throw new Problem("broken");
        return new Blob([bytes], { type: "audio/webm" });
      },
      close: () => {
        if (!open) return;
        open = false;
        // Its value is not wanted: without this it would reach the kernel.
        recorder.mediaRecorder.onstop = null;
        if (recorder.mediaRecorder.state !== "inactive") recorder.mediaRecorder.stop();
        recorder.set("recording", false, { silent: true });
        recorder.save_changes();
      },
    };
  };
  return { open, tape, isMain: true };
}

const sha256 = async (data) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", data)), (byte) => byte.toString(16).padStart(2, "0")).join("");

function render({ model, el }) {
  const delivery = deliveryOf(model, model.get("_key"));

  // --- what there is to see -----------------------------------------------------------------------------------

  const label = element("span", {}, LABELS.idle);
  const button = element("button", { type: "button", class: "pk-record" }, element("span", { class: "pk-dot", "aria-hidden": "true" }), label);
  const meter = element("meter", { min: 0, max: 60, "aria-label": "Microphone level" });
  const time = element("span", { class: "pk-time" });
  const level = element("span", { class: "pk-level", hidden: true }, meter, time);
  const own = element("audio", { class: "pk-own", controls: true, "aria-label": "Your recording", hidden: true });
  const play = element("button", { type: "button", class: "pk-play", hidden: true }, "Play the last recording");
  const status = element("p", { class: "pk-status", role: "status" });
  const error = element("div", { class: "pk-error", role: "alert" });
  const links = element("p", { class: "pk-links", hidden: true });
  const devices = element("select", { class: "pk-devices" });
  const deviceField = element("label", { hidden: true }, "Microphone ", devices);
  const upload = element("input", { type: "file", class: "pk-upload", accept: SOUND_FILES });
  const more = element(
    "details", { class: "pk-more" }, element("summary", {}, "Other ways to record"),
    deviceField, element("label", {}, "Upload a recording ", upload),
  );
  const root = element(
    "section", { class: "pk pk-recorder", "aria-label": "Recorder" },
    element("div", { class: "pk-row" }, button, level), own, play, status, error, links, more,
  );
  el.append(root);
  keepShortcutsOut(root);

  const say = (text) => (status.textContent = text);
  const complain = (text, code = "") => {
    error.replaceChildren(...(text ? [element("p", {}, text)] : []));
    error.dataset.code = code;
    if (NEEDS_UPLOAD.includes(code)) more.open = true;
  };
  let gone = false; // a widget that is closed takes no traits
  const publish = (traits) => {
    if (gone) return;
    for (const [key, value] of Object.entries(traits)) model.set(key, value);
    model.save_changes();
  };

  // --- recording ----------------------------------------------------------------------------------------------

  const capture = new Capture({
    maxSeconds: model.get("max_seconds"),
    stopAfterSilence: model.get("stop_after_silence_s"),
    ...(model.get("_ipywebrtc") ? { source: ipywebrtcSource(model) } : {}),
    onState(state) {
      root.dataset.state = state;
      label.textContent = state === "idle" && !own.hidden ? "Record again" : LABELS[state];
      button.setAttribute("aria-disabled", state === "preparing");
      level.hidden = state !== "recording";
      if (state === "recording") showLevel(null, 0);
      if (state !== "idle") say(SAY[state]);
      else if (Object.values(SAY).includes(status.textContent)) say("");
      publish({ state });
    },
    onLevel(dbfs, seconds, heard) {
      showLevel(dbfs, seconds);
      const wanted = sayWhileRecording(seconds, heard);
      if (status.textContent !== wanted) say(wanted);
    },
    async onTake(take) {
      if (model.get("_ipywebrtc")) take.key = await sha256(take.data);
      hand(take);
      fillDevices();
    },
    onError(problem) {
      say("");
      complain(problem.message, problem.code);
      publish({ error: problem.message });
    },
  });

  function showLevel(dbfs, seconds) {
    meter.hidden = dbfs === null;
    meter.value = Math.max(0, 60 + (dbfs ?? -60));
    time.textContent = `${clock(seconds)} of ${clock(model.get("max_seconds"))}`;
  }

  function start() {
    own.pause();
    complain("");
    publish({ error: "" });
    return capture.start(devices.value);
  }

  button.addEventListener("click", () => {
    if (capture.state === "idle") start();
    else if (capture.state !== "preparing") capture.stop();
  });

  // --- the take -----------------------------------------------------------------------------------------------

  let parcel = null; // the last one of this view
  const offers = new Map(); // parcel that is nowhere but here -> link; it stays while the next takes are made

  function hand(take) {
    for (const [earlier, link] of offers) {
      link.textContent = "Download an earlier recording";
      if (earlier.take.downloaded) offers.delete(earlier);
    }
    show(take.data, take.type);
    parcel = delivery.send(take);
  }

  function show(data, type) {
    URL.revokeObjectURL(own.src);
    own.src = URL.createObjectURL(new Blob([data], { type }));
    own.hidden = false;
    play.hidden = true;
    label.textContent = "Record again";
  }

  const unlisten = delivery.onChange((changed) => {
    if (parcel && changed.id !== parcel.id && changed.state === "sending") return;
    parcel = changed;
    const text = describeParcel(changed);
    const bad = changed.state === "unsaved" || changed.state === "waiting" || (changed.state === "saved" && changed.problem);
    say(bad ? "" : [ENDED[changed.take.reason], text].filter(Boolean).join(" "));
    complain(bad ? text : "", changed.state);
    if (changed.state !== "unsaved" && changed.state !== "waiting") offers.delete(changed);
    else if (!offers.has(changed)) offers.set(changed, downloadLink(changed.take));
    links.replaceChildren(...offers.values());
    links.hidden = !offers.size;
    root.dataset.take = changed.state;
  });

  // What the kernel has to say besides: a callback that failed, an error set by the notebook.
  const onError = () => {
    const text = model.get("error");
    if (text && text !== error.textContent) {
      say("");
      complain(text);
    }
  };
  model.on("change:error", onError);

  // --- what is there from before: another view, or a page opened again ----------------------------------------

  const onMessage = (message, buffers) => {
    if (message.kind !== "sound" || !buffers?.length) return;
    show(buffers[0], "audio/wav");
    own.play().catch(() => {});
  };
  model.on("msg:custom", onMessage);
  play.addEventListener("click", () => model.send({ kind: "play" }));
  const last = model.get("_last");
  if (last?.path) {
    play.hidden = false;
    say(describeParcel({ state: "saved", ...last }));
  }

  // --- other ways ---------------------------------------------------------------------------------------------

  upload.addEventListener("change", async () => {
    const [file] = upload.files;
    if (!file) return;
    complain("");
    say("Reading the file …");
    try {
      hand(await decodeUpload(file, { maxBytes: model.get("_max_bytes") }));
    } catch (problem) {
      say("");
      complain(problem.message, problem.code);
      publish({ error: problem.message });
    }
    upload.value = ""; // the same file may be chosen again
  });

  async function fillDevices() {
    const found = await capture.devices();
    const chosen = devices.value;
    devices.replaceChildren(...found.map(({ deviceId, label }) => element("option", { value: deviceId }, label)));
    if (found.some(({ deviceId }) => deviceId === chosen)) devices.value = chosen;
    deviceField.hidden = found.length < 2;
  }
  fillDevices();
  navigator.mediaDevices?.addEventListener?.("devicechange", fillDevices);

  const onLimits = () => {
    capture.options.maxSeconds = model.get("max_seconds");
    capture.options.stopAfterSilence = model.get("stop_after_silence_s");
  };
  model.on("change:max_seconds change:stop_after_silence_s", onLimits);
  root.dataset.state = "idle";

  return () => {
    gone = true;
    unlisten();
    capture.close();
    navigator.mediaDevices?.removeEventListener?.("devicechange", fillDevices);
    URL.revokeObjectURL(own.src);
  };
}

export default { render };
