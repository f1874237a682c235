// Takes on their way to the kernel, which writes them to disk (takes.py). A take is let go of only when it is there.
//
// The kernel acknowledges each take. Where it does not, because it is busy, died, or the network is cut, the take stays
// here and is sent again, and Jupyter's own server is asked to write the file: that works without any kernel.

const ANSWER_MS = 4000; // a kernel that is not busy answers in a tenth of a second
const AGAIN_MS = [8000, 20000, 60000]; // the last one repeats
const SERVER_MS = 10000;

// By the widget's own key: another view of the same widget, or the same one drawn again, finds its takes here.
const DELIVERIES = new Map();

/** The one Delivery of a widget; `key` names the widget in this page. */
function deliveryOf(model, key) {
  if (!DELIVERIES.has(key)) DELIVERIES.set(key, new Delivery(model));
  return DELIVERIES.get(key);
}

/**
 *   const delivery = deliveryOf(model, model.get("_key"));
 *   delivery.onChange(listener)       // listener(parcel); returns how to stop listening
 *   delivery.send(take, {text: …})    // the second is passed on to the kernel with the take
 *
 * A parcel is {id, take, state, path, problem, verdict, seconds}, with the state
 *   "sending"   the kernel has not answered yet
 *   "saved"     the kernel has written it: `path`; `problem` (plain words or null) says what was wrong with it
 *   "unsaved"   the kernel has it, but could not write it: `problem`
 *   "waiting"   the kernel does not answer; it is sent again from time to time
 *   "rescued"   the same, but Jupyter's server has written it: `path`
 */
class Delivery {
  #model;
  #listeners = new Set();
  #pending = new Map();
  #unsaved = new Set(); // only this page has these
  #doubtful = false; // the line to the kernel was seen to break

  constructor(model) {
    this.#model = model;
    model.on("msg:custom", (message) => message.kind === "acknowledged" && this.#acknowledge(message));
    // Not documented, and not needed: without it a dead kernel is found out a little later.
    model.on("comm_live_update", () => {
      this.#doubtful = true;
      this.#pending.forEach((parcel) => this.#unanswered(parcel));
    });
    window.addEventListener("online", () => this.#pending.forEach((parcel) => this.#post(parcel)));
    window.addEventListener("beforeunload", (event) => {
      const here = [...this.#pending.values(), ...this.#unsaved];
      // serverPath: where Jupyter's server has written it.
      const unsafe = here.some(({ state, take, serverPath }) => state !== "sending" && !take.downloaded && !serverPath);
      if (unsafe) event.preventDefault(); // "Leave this page?"
    });
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(take, more = {}) {
    const id = take.key ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    const parcel = { id, take, more, state: "", path: null, problem: null, verdict: null, seconds: take.seconds };
    parcel.tries = 0;
    this.#pending.set(id, parcel);
    this.#enter(parcel, "sending");
    this.#post(parcel);
    parcel.timer = setTimeout(() => this.#unanswered(parcel), this.#doubtful ? 1000 : ANSWER_MS);
    return parcel;
  }

  #enter(parcel, state, more = {}) {
    Object.assign(parcel, more, { state });
    this.#listeners.forEach((listener) => listener(parcel));
  }

  #post(parcel) {
    const { id, take, more } = parcel;
    const { reason, seconds, name = "", type = "" } = take;
    try {
      this.#model.send({ kind: "take", id, reason, seconds, name, type, ...more }, undefined, [take.data]);
    } catch {
      // The kernel is known to be dead: what follows is the same as when it does not answer.
    }
  }

  #acknowledge({ id, path, problem, verdict, seconds }) {
    const parcel = this.#pending.get(id);
    if (!parcel) return;
    this.#doubtful = false;
    clearTimeout(parcel.timer);
    clearTimeout(parcel.again);
    this.#pending.delete(id);
    if (parcel.state === "rescued" && path) askServer(parcel.serverPath, "DELETE").catch(() => {});
    if (!path) this.#unsaved.add(parcel);
    this.#enter(parcel, path ? "saved" : "unsaved", { path, problem, verdict, seconds });
  }

  async #unanswered(parcel) {
    if (parcel.state !== "sending" || !this.#pending.has(parcel.id)) return;
    clearTimeout(parcel.timer);
    this.#enter(parcel, "waiting");
    this.#later(parcel);
    try {
      const path = await rescue(this.#model, parcel.take);
      parcel.serverPath = path;
      if (this.#pending.has(parcel.id)) this.#enter(parcel, "rescued", { path });
      else if (parcel.path) await askServer(path, "DELETE"); // the kernel was faster
    } catch {
      // No such server (Voila, Colab), or the network is cut: it stays here, and "waiting" says so.
    }
  }

  #later(parcel) {
    const delay = AGAIN_MS[Math.min(parcel.tries++, AGAIN_MS.length - 1)];
    parcel.again = setTimeout(() => {
      if (!this.#pending.has(parcel.id)) return;
      // A kernel that was restarted never answers; what is on disk may be let go of in the end.
      if (parcel.state === "rescued" && parcel.tries > AGAIN_MS.length) return void this.#pending.delete(parcel.id);
      this.#post(parcel);
      this.#later(parcel);
    }, delay);
  }
}

/** What a file of this type is called at its end. */
function suffixOf(type) {
  const known = { wav: ".wav", webm: ".webm", ogg: ".ogg", mp4: ".m4a", mpeg: ".mp3" };
  return Object.entries(known).find(([part]) => type.includes(part))?.[1] ?? ".wav";
}

function takeName(take) {
  const pad = (number) => String(number).padStart(2, "0");
  const now = new Date();
  const day = `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
  const time = `${pad(now.getHours())}${pad(now.getMinutes())}${pad(now.getSeconds())}`;
  const token = Math.random().toString(16).slice(2, 10).padEnd(8, "0");
  return `take-${day}-${time}-${token}${suffixOf(take.type)}`;
}

/** Let Jupyter's server write a take beside the notebook; returns the path as the server calls it. */
async function rescue(model, take) {
  const notebook = model.widget_manager?.context?.path ?? "";
  const wanted = model.get("folder") ?? "";
  const beside = /^[^/\\:]/.test(wanted) && !wanted.includes("..") ? wanted.replace(/\/+$/, "") : "recordings";
  let folder = notebook.includes("/") ? notebook.slice(0, notebook.lastIndexOf("/")) : "";
  for (const part of beside.split(/[/\\]+/)) {
    folder = folder ? `${folder}/${part}` : part;
    await askServer(folder, "PUT", { type: "directory" });
  }
  const path = `${folder}/${takeName(take)}`;
  const content = await base64(new Blob([take.data]));
  await askServer(path, "PUT", { type: "file", format: "base64", content });
  return path;
}

const base64 = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

/** The contents API of the Jupyter server that this page came from. */
async function askServer(path, method, body) {
  const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  if (!config.baseUrl) throw new Error("not a page of a Jupyter server");
  const address = new URL(`${config.baseUrl}api/contents/${path.split("/").map(encodeURIComponent).join("/")}`, location.href);
  const headers = { "Content-Type": "application/json" };
  const xsrf = /(?:^|;\s*)_xsrf=([^;]+)/.exec(document.cookie)?.[1];
  if (xsrf) headers["X-XSRFToken"] = xsrf;
  if (config.token) headers.Authorization = `token ${config.token}`;
  const reply = await fetch(address, {
    method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(SERVER_MS),
  });
  if (!reply.ok) throw new Error(`status ${reply.status}`);
}

/** A link that saves a take on the reader's own computer. */
function downloadLink(take, text = "Download the recording") {
  const link = document.createElement("a");
  link.textContent = text;
  link.href = URL.createObjectURL(new Blob([take.data], { type: take.type }));
  link.download = takeName(take);
  link.addEventListener("click", () => (take.downloaded = true));
  return link;
}

/** What became of a parcel, in words for the reader. */
function describeParcel({ state, path, problem, verdict, seconds }) {
  const length = seconds ? ` (${seconds.toFixed(1)} s)` : "";
  switch (state) {
    case "sending":
      return "Saving …";
    case "saved":
      return problem ?? `Saved as ${path}${length}. ${verdict ?? ""}`.trim();
    case "unsaved":
      return `${problem} Download the recording to keep it.`;
    case "waiting":
      return "The kernel does not answer: it is busy, has stopped, or the network is cut. Your recording is kept in this page and will be sent again. Keep the page open, or download the recording.";
    case "rescued":
      return `The kernel does not answer. Your recording is safe: Jupyter saved it as ${path}. If the kernel was restarted, run the notebook again.`;
  }
  return "";
}
