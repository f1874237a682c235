(() => {
  "use strict";
  const RATE = 16000;
  const API = "speech/recognition/conversation/cognitiveservices/v1?language=en-US&format=detailed";
  const UNHEARD = ["too_short", "silent"]; // of these the engine would hear no more
  const settings = JSON.parse(document.body.dataset.settings);
  const $ = (id) => document.getElementById(id);

  let busy = false; // a reply is awaited
  let wav = null; // the last take, kept until the next one
  let notice = ""; // what to say of the last take beside its scores
  let playing = null; // the model voice

  $("key-field").hidden = !settings.needsKey;
  $("upload").accept = SOUND_FILES;

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
    const { state } = capture;
    const idle = state === "idle" && !busy;
    $("record").classList.toggle("on", state === "recording");
    $("record-label").textContent = LABELS[state];
    // Not "disabled", which would take the focus away from whoever works with the keyboard.
    $("record").setAttribute("aria-disabled", busy || state === "preparing");
    for (const id of ["listen", "again", "upload"]) $(id).setAttribute("aria-disabled", !idle);
    $("text").readOnly = state !== "idle";
    $("level").hidden = state !== "recording";
  }

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
    busy = true;
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
      say(notice);
      const finding = $("result").querySelector(".pk-headline, .pk-message");
      $("spoken").textContent = finding ? finding.textContent : "Scored.";
    } finally {
      busy = false;
    }
  }

  // --- recording --------------------------------------------------------------------------------------------

  const capture = new Capture({
    sampleRate: RATE,
    maxSeconds: settings.longestS,
    onState(state) {
      if (state === "recording") {
        $("result").replaceChildren();
        $("spoken").textContent = "";
        $("take").hidden = true;
      }
      say(SAY[state]);
      update();
    },
    onLevel(dbfs, seconds, heard) {
      $("meter").value = Math.max(0, 60 + (dbfs ?? -60));
      const wanted = sayWhileRecording(seconds, heard);
      if ($("status").textContent !== wanted) say(wanted);
    },
    onTake: (take) => guarded(() => receive(take)),
    onError({ message, code }) {
      complain(message);
      if (NEEDS_UPLOAD.includes(code)) $("other").open = true;
    },
  });

  // What both ways to give a recording need.
  function checkFields() {
    if (!$("text").value.trim()) {
      $("text").focus();
      throw new Problem("Type the text that you will read, then press Record.");
    }
    if (settings.needsKey && !$("key").value.trim()) {
      $("key").focus();
      throw new Problem("Type the key first. pronounce-kit serve prints it when it starts.");
    }
  }

  async function start() {
    checkFields();
    hush();
    await capture.start();
  }

  async function upload() {
    const [file] = $("upload").files;
    if (!file) return;
    try {
      checkFields();
      hush();
      busy = true;
      update();
      say("Reading the file …");
      const take = await decodeUpload(file, { sampleRate: RATE });
      if (take.seconds > settings.longestS) {
        const [is, most] = [Math.ceil(take.seconds), Math.floor(settings.longestS)].map((seconds) => `${seconds} seconds`);
        throw new Problem(`This recording is ${is} long, and at most ${most} are scored. Upload a part of it.`);
      }
      await receive(take);
    } finally {
      busy = false;
      $("upload").value = ""; // the same file may be chosen again
    }
  }

  async function receive(take) {
    if (!take.wav) throw new Problem("unreadable"); // the server takes nothing else
    wav = take.wav;
    notice = take.problem?.message ?? "";
    URL.revokeObjectURL($("own").src);
    $("own").src = $("save").href = URL.createObjectURL(new Blob([wav], { type: "audio/wav" }));
    $("take").hidden = false;
    if (UNHEARD.includes(take.problem?.code)) {
      $("again").hidden = false; // for whoever knows better
      throw new Problem(take.problem.code);
    }
    await score();
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
    busy = true;
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
      busy = false;
    }
  }

  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (capture.state !== "idle") capture.stop();
    else if (!busy) guarded(start);
  });
  for (const [id, kind, work] of [["listen", "click", listen], ["again", "click", score], ["upload", "change", upload]]) {
    $(id).addEventListener(kind, () => {
      if (!busy && capture.state === "idle") guarded(work);
    });
  }
  update();
})();
