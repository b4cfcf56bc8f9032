// What is wider than its message scrolls by itself, and can be scrolled by keys, also where the browser
// does not see to that.
import { onChange } from "../address.js";

const FORMULAS = ".message-content span.keepchat-formula:not(td *, th *)"; // a table scrolls as a whole
const WIDE = "keepchat-wide";
const BOXES = `.message-content :is(div.keepchat-formula, .${WIDE}, .overflow-auto, pre > code)`;
const REST_MS = 300; // an answer that is being written changes all the time

/** See to it now, and for what is drawn later. */
export function reachWhatScrolls() {
  let waiting;
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, REST_MS);
  };
  onChange(later);
  window.addEventListener("resize", later);
}

// What is measured is measured at once, before anything is changed by it.
function look() {
  markWideFormulas();
  const boxes = [...document.querySelectorAll(BOXES)];
  const scroll = boxes.map((box) => box.scrollWidth > box.clientWidth + 1);
  boxes.forEach((box, at) => {
    if (scroll[at]) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
}

function markWideFormulas() {
  for (const formula of document.querySelectorAll(`.${WIDE}`)) {
    formula.classList.remove(WIDE);
    formula.removeAttribute("tabindex");
  }
  const formulas = [...document.querySelectorAll(FORMULAS)];
  const wide = formulas.filter((formula) => {
    const [here, message] = [formula, formula.closest(".message-content")].map((it) =>
      it.getBoundingClientRect(),
    );
    return here.right > message.right + 1 || here.left < message.left - 1;
  });
  for (const formula of wide) formula.classList.add(WIDE);
}
