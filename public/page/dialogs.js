// Dialogs of our own, beside Chainlit's.
import { make } from "./elements.js";

// The sidebar of a phone is one, too, but nothing is lost with it.
const MODALS = 'dialog[open], [role="alertdialog"], [role="dialog"]:not([data-mobile])';

/** Whether somebody has to be done with something before anything else. */
export const isModalOpen = () => document.querySelector(MODALS) !== null;

/** A dialog that is taken away as it closes; it is shown by whoever fills it. */
export function makeDialog(id, ariaLabel) {
  closeMenus();
  const dialog = make("dialog", { id, className: "keepchat-dialog", ariaLabel });
  dialog.addEventListener("close", () => dialog.remove());
  // By itself it would not while Chainlit's menu is on its way out, and takes the key for its own.
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    event.preventDefault();
    dialog.close();
  });
  document.body.append(dialog);
  return dialog;
}

// Chainlit's menus, and the sidebar of a phone, would take the focus back.
const closeMenus = () =>
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
