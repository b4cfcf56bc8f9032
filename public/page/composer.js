// The boxes in which messages are typed, and the files that wait in the one for new messages.

export const BOX = "chat-input";
export const EDIT_BOX = "edit-chat-input";

const composing = []; // who listens to the composer

/** Call it with what the composer has, whenever that has changed: `text`, `command` with `setCommand`
 *  and the `commands` there are, `attachments` with `setAttachments`, whether it `isReady` to send, and
 *  whose it is, `user`. */
export function onComposer(listener) {
  composing.push(listener);
  // `routes/bundle.py` has Chainlit's page call it
  globalThis.keepchatComposer ??= (composer) => composing.forEach((each) => each(composer));
}

/** Call it with the text of each message that leaves the page. */
export function onSent(listener) {
  globalThis.keepchatSent = ({ output }) => listener(output); // the same
}

/** Ask of each message that is about to be sent, with its box, whether it is to stay there. */
export function beforeSending(stays) {
  // Before Chainlit's page, which would empty the box.
  const judge = (event) => {
    const box = boxThatSends(event);
    if (!box || !stays(box)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  window.addEventListener("keydown", judge, true);
  window.addEventListener("click", judge, true);
}

function boxThatSends(event) {
  const { target } = event;
  if (event.type === "keydown") return event.key === "Enter" && !event.shiftKey && target.closest?.(`#${BOX}`);
  if (target.closest?.("#chat-submit")) return document.getElementById(BOX);
  const confirm = target.closest?.(".confirm-edit");
  return confirm?.parentElement.parentElement.querySelector(`#${EDIT_BOX}`);
}

/** Put a text before what is in the box for new messages. */
export function putBack(text) {
  const box = document.getElementById(BOX);
  if (!box) return;
  setText(box, [text, box.value].filter(Boolean).join("\n"));
  box.focus();
}

/** Let a box have this text. */
export function setText(box, text) {
  // React listens to the element's own setter, and would not see a change by it.
  const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
  set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

/** How many files wait; null while none can be attached. */
export const attached = () =>
  document.getElementById("upload-button") && document.querySelectorAll("#attachments > *").length;

/** Attach files, as if they had been chosen. */
export function attach(files) {
  const input = document.getElementById("upload-button-input");
  if (!input || !files.length) return;
  const chosen = new DataTransfer();
  for (const file of files) chosen.items.add(file);
  input.files = chosen.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
