// How long a message may be: a line below the box counts as it gets near, what is longer stays in
// the box, and a long text that is pasted becomes a file that goes with the message.
import { attach, attached, beforeSending, BOX, EDIT_BOX, putBack, setText } from "./composer.js";
import { make } from "./elements.js";
import { inLanguage } from "./language.js";

const LIMITS = JSON.parse(document.querySelector('meta[name="keepchat-limits"]').content);
const NEAR = 0.9; // of the limit
const AT_ONCE = 0.1; // of the limit, that comes in one piece: it was pasted, not typed
const UPLOAD_MS = 3000; // in which the page begins to send a file
const READ_MS = 8000;

const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;
const COUNTED = { en: "{count} of {most} characters", zh: "{count} / {most} 个字符" };
const TOO_LONG = {
  en: "{count} characters are too many for a message, which may have {most}. Shorten it.",
  zh: "共 {count} 个字符，消息最多 {most} 个字符。请缩短。",
};
const ATTACHED = {
  en: "The text has {count} characters and is attached as a file.",
  zh: "文本共 {count} 个字符，已作为文件附上。",
};
const NOT_ATTACHED = {
  en: "The text could not be attached. It is in the box.",
  zh: "文本无法附上，已放回输入框。",
};
const ATTACH_IT = { en: "Attach it as a file", zh: "作为文件附上" };
const FILE_NAME = { en: "Pasted text.txt", zh: "粘贴的文本.txt" };

const lines = new WeakMap(); // by their boxes
const pasted = new Map(); // by file, what is done where it cannot be sent

export function limitLength() {
  for (const type of ["input", "keyup", "click"]) window.addEventListener(type, countSoon);
  window.addEventListener("beforeinput", attachPasted, true);
  beforeSending((box) => tooLong(box.value) && warn(box));
  watchUploads();
}

/** How many characters a text has, as people and the server count them. */
export const lengthOf = (text) => text.length - (text.match(PAIRS)?.length ?? 0);
const tooLong = (text) => text.length > LIMITS.characters && lengthOf(text) > LIMITS.characters;
const say = (texts, count) => inLanguage(texts, { count, most: LIMITS.characters });

// What a key or a click does to a box is done after it.
function countSoon() {
  setTimeout(() => {
    for (const box of document.querySelectorAll(`#${BOX}, #${EDIT_BOX}`)) count(box);
  });
}

function count(box) {
  if (Date.now() < lines.get(box)?.readUntil) return;
  const text = box.value;
  if (text.length < LIMITS.characters * NEAR) {
    lines.get(box)?.remove();
  } else if (tooLong(text)) {
    warn(box);
  } else {
    show(box, "", say(COUNTED, lengthOf(text)));
  }
}

function warn(box) {
  const line = show(box, "warning", say(TOO_LONG, lengthOf(box.value)));
  if (box.id === BOX && canAttach(box.value)) {
    const button = make("button", { type: "button", textContent: inLanguage(ATTACH_IT) });
    button.addEventListener("click", () => attachAll(box));
    line.append(" ", button);
  }
  return true;
}

function show(box, kind, text) {
  if (!lines.has(box)) lines.set(box, make("div", {}));
  const line = lines.get(box);
  line.setAttribute("role", kind ? "alert" : "status");
  line.className = `keepchat-length ${kind}`;
  line.replaceChildren(text);
  line.readUntil = 0;
  if (!line.isConnected) box.parentElement.append(line);
  return line;
}

// Pasted, dropped, dictated or chosen from what a phone's keyboard remembers.
function attachPasted(event) {
  const { target: box } = event;
  const text = event.data ?? event.dataTransfer?.getData("text/plain");
  if (box.id !== BOX || !text || text.length < LIMITS.characters * AT_ONCE) return;
  const kept = box.value.slice(0, box.selectionStart) + box.value.slice(box.selectionEnd);
  if (!tooLong(kept + text) || !canAttach(text)) return;
  event.preventDefault();
  if (kept !== box.value) setText(box, kept);
  attachText(box, text);
}

function attachAll(box) {
  const text = box.value;
  setText(box, "");
  attachText(box, text);
}

function canAttach(text) {
  const waiting = attached();
  return (
    waiting !== null &&
    waiting < LIMITS.files &&
    LIMITS.takesText &&
    new Blob([text]).size <= LIMITS.fileBytes
  );
}

function attachText(box, text) {
  const file = new File([text], inLanguage(FILE_NAME), { type: "text/plain" });
  const returnText = () => {
    if (!pasted.delete(keyOf(file))) return;
    putBack(text);
    tell(box, NOT_ATTACHED, text);
  };
  pasted.set(keyOf(file), { isSent: false, returnText });
  attach([file]);
  tell(box, ATTACHED, text);
  setTimeout(() => pasted.get(keyOf(file))?.isSent || returnText(), UPLOAD_MS);
}

function tell(box, texts, text) {
  show(box, "", say(texts, lengthOf(text))).readUntil = Date.now() + READ_MS;
  setTimeout(countSoon, READ_MS);
}

const keyOf = ({ name, size, lastModified }) => `${name}/${size}/${lastModified}`;

// Chainlit sends files by requests of this kind alone, each in a form of its own.
function watchUploads() {
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (body) {
    const file = body instanceof FormData && body.get("file");
    const known = file && pasted.get(keyOf(file));
    if (known) {
      known.isSent = true;
      this.addEventListener("error", known.returnText);
      this.addEventListener("load", () =>
        this.status === 200 ? pasted.delete(keyOf(file)) : known.returnText(),
      );
    }
    return send.call(this, body);
  };
}
