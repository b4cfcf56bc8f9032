// What is selected and copied has formulas as they were said: as text they would be there twice.
import { make } from "../elements.js";

const FORMULA = ".keepchat-formula";

/** Put formulas into the clipboard as the model said them. */
export function copyFormulas() {
  document.addEventListener("copy", (event) => {
    const range = selectedRange();
    const copied = range?.cloneContents();
    if (!copied?.querySelector(FORMULA)) return;
    for (const formula of copied.querySelectorAll(FORMULA)) {
      formula.replaceChildren(formula.dataset.source);
    }
    event.clipboardData.setData("text/plain", textOf(copied));
    event.preventDefault();
  });
}

// With the whole of the formulas in which it begins and ends.
function selectedRange() {
  const selection = getSelection();
  if (selection.isCollapsed) return null;
  const range = selection.getRangeAt(0).cloneRange();
  const first = formulaOf(range.startContainer);
  const last = formulaOf(range.endContainer);
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  return range;
}

const formulaOf = (node) => (node.closest ? node : node.parentElement)?.closest(FORMULA);

// Only what is in the page has lines.
function textOf(fragment) {
  const place = make("div", { className: "keepchat-aside", ariaHidden: "true" });
  place.append(fragment);
  document.body.append(place);
  const text = place.innerText;
  place.remove();
  return text;
}
