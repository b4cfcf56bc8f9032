// Copying where the browser keeps its clipboard from a page: without TLS, without leave, or when the
// click that asks for it is too long ago, as it is for Safari once a conversation has been shared.
import { makeDialog } from "./dialogs.js";
import { make } from "./elements.js";
import { inLanguage } from "./language.js";

const BY_HAND = {
  en: "Your browser does not let this page copy. Copy it from here.",
  zh: "浏览器不允许此页面复制。请在此手动复制。",
};
const CLOSE = { en: "Close", zh: "关闭" };
const TEXT = "text/plain";

/** Let everything that copies by the browser's clipboard find another way where it is closed. */
export function openClipboard() {
  globalThis.ClipboardItem ??= Item;
  const clipboard = navigator.clipboard ?? {};
  const { write, writeText } = clipboard;
  clipboard.write = (items) => copy(() => write.call(clipboard, items), textsOf(items));
  clipboard.writeText = (text) => copy(() => writeText.call(clipboard, text), { [TEXT]: text });
  if (!navigator.clipboard) Object.defineProperty(navigator, "clipboard", { value: clipboard });
  // Who closes the dialog has shared the conversation all the same.
  globalThis.keepchatCopyLink = (link) => clipboard.writeText(link).catch(() => {});
}

/** What is written there, as far as the page needs it, where the browser has none. */
class Item {
  constructor(parts) {
    this.parts = parts;
    this.types = Object.keys(parts);
  }
  async getType(type) {
    return this.parts[type];
  }
}

async function copy(byClipboard, texts) {
  try {
    await byClipboard();
  } catch {
    const found = await texts;
    if (!copyByEvent(found)) await copyByHand(found[TEXT]);
  }
}

async function textsOf([item]) {
  const parts = item.types.map(async (type) => [type, await (await item.getType(type)).text()]);
  return Object.fromEntries(await Promise.all(parts));
}

function copyByEvent(texts) {
  const give = (event) => {
    for (const [type, text] of Object.entries(texts)) event.clipboardData.setData(type, text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  window.addEventListener("copy", give, true);
  const isDone = document.execCommand("copy");
  window.removeEventListener("copy", give, true);
  return isDone;
}

function copyByHand(value) {
  const dialog = makeDialog("keepchat-copy", inLanguage(BY_HAND));
  const title = make("h2", { textContent: inLanguage(BY_HAND) });
  const field = make("textarea", { value, readOnly: true, rows: 4, ariaLabel: inLanguage(BY_HAND) });
  const close = make("button", { type: "button", textContent: inLanguage(CLOSE) });
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, field, close);
  dialog.showModal();
  field.select();
  return new Promise((resolve, reject) => {
    field.addEventListener("copy", () => {
      resolve();
      setTimeout(() => dialog.close()); // the browser takes what is selected after this
    });
    dialog.addEventListener("close", () => reject(new DOMException("closed", "AbortError")));
  });
}
