// Chainlit's menus and dialogs keep the pointer from what is behind them. Where a conversation is
// deleted that is open, the page went on without it after the last of them was gone.
import { onChange } from "./address.js";

const OPEN = ':is([role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"])[data-state="open"]';

export function keepPointer() {
  onChange(() => {
    const { style } = document.body;
    if (style.pointerEvents === "none" && !document.querySelector(OPEN)) style.pointerEvents = "";
  });
}
