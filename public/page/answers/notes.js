// What the server notes of answers and questions, drawn at their messages wherever Chainlit draws
// those, and again when it has drawn them anew.
import { currentView, onChange } from "../address.js";
import { make } from "../elements.js";
import { ask, fetchJson, urlOf } from "../server.js";
import { onTold } from "../told.js";
import { makeMarkOnly, makeParts } from "./parts.js";

const PATH = "keepchat/answers";
const READ_MS = 10_000;

const drawn = new Map(); // id of a message -> its note, the same as text, its mark and its tools
let from = {}; // the thread of these notes, and the session that they were told
let asked = ""; // the shared thread whose notes were asked for
let isActing = false;
let wanted; // the version that somebody has chosen, until it is shown or they do something else

/** Draw what the server tells of a thread, and what it answers of one that is shared. */
export function showAnswers() {
  for (const act of ["keydown", "pointerdown"])
    window.addEventListener(act, () => (wanted = undefined), true);
  onTold("keepchatAnswers", take);
  onChange(() => {
    readShared();
    if (isElsewhere(from.thread)) take({ notes: {} });
    else placeAll();
  });
}

function isElsewhere(thread) {
  const open = currentView().thread;
  return open && thread && open !== thread;
}

async function readShared() {
  const { view, thread } = currentView();
  const shared = view === "share" ? thread : "";
  if (shared === asked) return;
  asked = shared;
  const told = shared && (await fetchJson(`${PATH}/${shared}`));
  if (told) take({ thread, notes: told.notes });
}

// Of a part the rest stays as it was told before.
function take({ thread, session, notes, isPart }) {
  if (isElsewhere(thread)) return;
  const isOther = from.thread !== thread;
  from = { thread, session };
  for (const id of drawn.keys()) if (isOther || !(isPart || id in notes)) forget(id);
  for (const [id, note] of Object.entries(notes)) keep(id, note);
  placeAll();
}

function forget(id) {
  const { mark, tools } = drawn.get(id);
  mark?.remove();
  tools?.remove();
  drawn.delete(id);
}

function keep(id, note) {
  const text = JSON.stringify(note);
  if (drawn.get(id)?.text === text) return;
  if (drawn.has(id)) forget(id);
  const parts = asked
    ? makeMarkOnly(note)
    : makeParts(note, (button, action, version) => act(id, button, action, version));
  drawn.set(id, { note, text, ...parts });
}

// Whoever has the choice among models, reads what is shared, or had another one before.
function tellsModels() {
  const models = new Set([...drawn.values()].map(({ note }) => note.model).filter(Boolean));
  return Boolean(asked) || models.size > 1 || document.getElementById("mode-picker-trigger-model") !== null;
}

// It is in the page only where it is told: what is hidden is copied and printed with the rest.
function tellModel({ note, tools }, isTold) {
  const line = tools?.querySelector(".keepchat-model");
  const name = isTold ? note.model : "";
  if (line && line.textContent !== name) line.textContent = name;
}

function placeAll() {
  const isTold = tellsModels();
  for (const [id, parts] of drawn) {
    tellModel(parts, isTold);
    const column = columnOf(id);
    if (column) place(column, parts);
  }
}

// The column of an answer beside its avatar, or that of a question.
function columnOf(id) {
  const message = document.getElementById(`step-${id}`);
  return message?.querySelector(":scope > .ai-message > :last-child") ?? message?.firstElementChild;
}

function place(column, { note, mark, tools }) {
  if (mark && column.children[1] !== mark) column.firstElementChild.after(mark);
  if (!tools) return;
  const home = column.querySelector(":scope > .flex-wrap") ?? column; // Chainlit's buttons
  if (home.lastElementChild !== tools) home.append(tools);
  if (wanted && note.siblings?.[note.index] === wanted.id) refocus(tools);
}

async function act(id, button, action, version) {
  if (isActing) return;
  isActing = true;
  button.ariaDisabled = "true"; // rather than disabled, which would take the focus away
  if (version) wanted = { id: version, title: button.title };
  const { thread, session } = from;
  const body = { action, step: version ?? id, session };
  const reply = await ask("POST", `${PATH}/${thread}`, body);
  button.ariaDisabled = null;
  isActing = false;
  if (reply.failed) tellAt(id, reply.failed);
  else if (reply.thread) location.assign(urlOf(`thread/${reply.thread}`));
}

// Whoever goes from version to version by keyboard would begin at the top of the page each time.
function refocus(tools) {
  const arrows = [...tools.querySelectorAll('[role="group"] button:enabled')];
  const arrow = arrows.find(({ title }) => title === wanted.title) ?? arrows[0];
  arrow?.focus({ preventScroll: true });
  wanted = undefined;
}

function tellAt(id, text) {
  wanted = undefined;
  document.querySelector(".keepchat-problem")?.remove();
  const line = make("p", { className: "keepchat-problem", role: "alert", textContent: text });
  columnOf(id)?.append(line);
  setTimeout(() => line.remove(), READ_MS);
}
