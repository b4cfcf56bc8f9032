// What was written and not sent: text, command and files of each conversation, and of a new one, are
// there again after a reload, and when the conversation is opened again. Each tab has its own.
import { currentView, onChange } from "../address.js";
import { attach, BOX, onComposer, onSent, setText } from "../composer.js";
import { addLine } from "../elements.js";
import { inLanguage } from "../language.js";
import { onTold } from "../told.js";
import { forgetFilesBut, keepFile, readFile } from "./files.js";
import {
  adopt,
  forgetAll,
  forgetOthers,
  forgetPlace,
  forgetPlacesBut,
  namedFiles,
  read,
  write,
} from "./store.js";

const NEW = "new";
const NOTHING = JSON.stringify(draftOf("", undefined, []));
const READ_MS = 15_000;
const LOST = {
  en: "These files are not here any more: {names}. Attach them again.",
  zh: "以下文件已不可用：{names}。请重新添加。",
};

let user;
let begun; // the conversation that has begun here, until the address names it
let isUnkept = () => false;
const gone = new Set(); // conversations that were deleted here: who goes back to one writes for nobody
// What is in the box that is drawn: `place`, its `text`, the `command` and the `files` of the draft
// that have not been put there yet, and `kept`, the draft as it is stored. `before` is its text as long
// as the page has not drawn what was put into it.
let here = { kept: NOTHING };

export function keepDrafts() {
  onComposer(look);
  onSent((text) => text === here.text && forgetHere());
  onTold("keepchatThread", begin);
  onChange(() => {
    if (currentView().view) begun = undefined;
    if (here.kept !== NOTHING && isForNobody(here.place)) forgetHere();
  });
}

/** Keep no draft while this is so of the conversation that it is for, "new" for one without a name yet:
 *  what is written in a temporary one is for nobody later. */
export function keepNoDraftWhile(isUnstored) {
  isUnkept = isUnstored;
}

const isForNobody = (place) => gone.has(place) || isUnkept(place);

/** Forget what was written and not sent in a conversation, which is no more. */
export async function forgetDraftOf(thread) {
  gone.add(thread);
  forgetPlace(user, thread);
  await sweep();
}

/** Forget what was written and not sent in all conversations, which are no more. */
export async function forgetDraftsOfAll() {
  if (here.place !== NEW) gone.add(here.place);
  forgetPlacesBut(user, NEW);
  await sweep();
}

/** Forget all that was written and not sent in this browser. */
export async function forgetDrafts() {
  here = { ...here, isOver: true };
  forgetAll();
  await sweep();
}

const sweep = () => forgetFilesBut(namedFiles());

function look(composer) {
  const box = document.getElementById(BOX);
  if (!box || !composer.user) return;
  if (composer.user !== user) comeIn(composer.user);
  if (box !== here.box) enter(box, composer);
  if (here.isOver || composer.text === here.before || !isCleared(composer)) return;
  here.before = undefined;
  here.text = composer.text;
  bringBack(composer);
  keep(composer);
}

function comeIn(name) {
  user = name;
  forgetOthers(user);
  sweep();
}

// Chainlit makes the box anew for each conversation; files and command are those of the one before.
function enter(box, composer) {
  const place = currentView().thread || begun || NEW;
  here = { box, place, files: [], kept: NOTHING, isLeft: true };
  composer.setAttachments([]);
  if (isChosen(composer.command)) composer.setCommand(undefined);
  if (isForNobody(place)) return;
  const own = read(user, place);
  if (own) fill(own);
  else takeOver();
}

async function takeOver() {
  const { box, place } = here;
  const draft = await adopt(user, place);
  if (draft && box === here.box) fill(draft);
}

function fill(draft) {
  here.kept = JSON.stringify(draftOf(draft.text, draft.command, draft.files));
  here.command = draft.command;
  here.files = draft.files;
  const { box } = here;
  const isThere = !draft.text || draft.text.includes(box.value); // asked for by the address
  const text = isThere ? draft.text : `${draft.text}\n${box.value}`;
  if (text === box.value) return;
  here.before = box.value; // as the composer has it until it has drawn the other
  setText(box, text);
}

function isCleared({ attachments, command }) {
  if (here.isLeft && (attachments.length || isChosen(command))) return false;
  here.isLeft = false;
  return true;
}

const isChosen = (command) => command && !command.persistent && !command.selected;

function bringBack({ command, commands, setCommand, attachments, isReady }) {
  if (command) here.command = undefined;
  const wanted = here.command && commands.find(({ id }) => id === here.command);
  if (wanted) setCommand(wanted);
  if (attachments.length) here.files = [];
  if (here.files.length && isReady && !here.isAttaching) attachKept();
}

async function attachKept() {
  const { box, files } = here;
  here.isAttaching = true;
  const kept = await Promise.all(files.map(({ id }) => readFile(id)));
  if (box !== here.box) return;
  const lost = files.filter((_, index) => !kept[index]);
  here.files = files.filter((_, index) => kept[index]);
  if (lost.length) tellLost(lost);
  attach(kept.filter(Boolean));
}

function tellLost(files) {
  const names = new Intl.ListFormat(document.documentElement.lang).format(files.map(({ name }) => name));
  const line = addLine("warning", inLanguage(LOST, { names }));
  line.setAttribute("role", "alert");
  setTimeout(() => line.remove(), READ_MS);
}

function keep({ text, command, attachments }) {
  const chosen = isChosen(command) ? command.id : here.command;
  const draft = isForNobody(here.place) ? draftOf("", undefined, []) : draftOf(text, chosen, [...here.files, ...attachments]);
  const kept = JSON.stringify(draft);
  if (kept === here.kept) return;
  const before = JSON.parse(here.kept).files;
  here.kept = kept;
  write(user, here.place, kept === NOTHING ? null : draft);
  keepFiles(attachments, before, draft.files);
}

function keepFiles(attachments, before, files) {
  const isIn = (list) => (one) => list.some(({ id }) => id === one.id);
  for (const one of attachments) if (isIn(files)(one) && !isIn(before)(one)) keepFile(one.id, one.file);
  if (!before.every(isIn(files))) sweep();
}

function draftOf(text, command, files) {
  return { text, command, files: files.map(({ id, name }) => ({ id, name })) };
}

function forgetHere() {
  Object.assign(here, { kept: NOTHING, command: undefined, files: [] });
  write(user, here.place, null);
  sweep();
}

// What was written while the first question was on its way goes with its conversation, of which the
// page may hear before or after its address has changed.
function begin(thread) {
  if (currentView().thread !== thread) begun = thread;
  if (here.place !== NEW && here.place !== thread) return;
  const draft = read(user, NEW);
  write(user, NEW, null);
  if (draft && !isForNobody(thread)) write(user, thread, draft);
  if (draft && here.place === thread) fill(draft);
  here.place = thread;
}
