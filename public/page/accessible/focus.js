// The focus, where Chainlit's page takes away or hides what has it: it would be nowhere, and whoever
// uses the keyboard would begin at the top of the page.
import { onChange } from "../address.js";
import { BOX } from "../composer.js";

const LAYERS = '[role="dialog"], [role="alertdialog"], [role="menu"], dialog';
const MOST = 20;

let had = []; // what has had the focus, and where that was; the last one first
let isTaken = false; // from what is disabled for a moment, as a form is that is being sent
let isTouched = false;

/** Put the focus back where it belongs. */
export function keepFocus() {
  document.addEventListener("focusin", ({ target }) => note(target));
  const touched = ({ pointerType }) => {
    isTouched = pointerType === "touch";
    isTaken = false;
  };
  window.addEventListener("pointerdown", touched, true);
  window.addEventListener("keydown", () => (isTouched = false), true);
  const look = () => isLost() && restore();
  onChange(look);
  const watch = { attributeFilter: ["disabled"], subtree: true };
  new MutationObserver(look).observe(document.body, watch);
}

function note(element) {
  isTaken = false;
  const home = element.closest("#message-composer") ? BOX : element.id;
  const step = element.closest('[id^="step-"]')?.id;
  had = [{ element, home, step }, ...had.filter((it) => it.element !== element)].slice(0, MOST);
}

function isLost() {
  const { activeElement: here, body } = document;
  if (!had.length) return false;
  isTaken ||= here.disabled || !canHaveIt(had[0].element);
  return here === body ? isTaken : !isSeen(here);
}

// Dialogs and menus give it back themselves as they close, to what is there.
function restore() {
  if (document.querySelector(LAYERS)) return;
  const place = had.flatMap(placesFor).find(canHaveIt) ?? document.getElementById(BOX);
  if (isTouched && place?.matches("input, textarea")) had = []; // the keyboard would come up
  else place?.focus({ preventScroll: true });
}

// It, what stands in its place now, and what leads to it.
function placesFor({ element, home, step }) {
  const twins = home ? document.querySelectorAll(`#${CSS.escape(home)}`) : [];
  const ofStep = step ? document.querySelectorAll(`#${CSS.escape(step)} .edit-message`) : [];
  return [element, ...twins, ...ofStep];
}

const canHaveIt = (element) => element.isConnected && !element.disabled && isSeen(element);
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });
