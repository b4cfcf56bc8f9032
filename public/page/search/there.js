// Opening a conversation where something was found in it.
import { currentView, onChange, openAddress } from "../address.js";
import { urlOf } from "../server.js";
import { closeDrawer } from "../sidebar/drawer.js";
import { leaveBy } from "../temporary.js";
import { placesOf } from "./places.js";

const WAIT_MS = 30_000; // for a message that the page does not have yet
const SETTLE_MS = 1500; // in which a page that opens still moves
const MARKED_MS = 4000;
const MARK = "keepchat-found";
const ACTS = ["wheel", "touchstart", "pointerdown", "keydown"];

let wanted; // {hit, until} of what the page is to show as soon as it has it
let isWatching = false;
let unmark = () => {};

/** Show a hit: its conversation, and there its message and the words. */
export const openAt = (hit) => leaveBy(() => show(hit));

function show(hit) {
  closeDrawer();
  if (!isWatching) onChange(look);
  isWatching = true;
  wanted = hit.step && { hit, until: Date.now() + WAIT_MS };
  const { view, thread } = currentView();
  if (view !== "thread" || thread !== hit.thread) openAddress(urlOf(`thread/${hit.thread}`));
  look();
}

function look() {
  if (!wanted) return;
  const { hit, until } = wanted;
  const isGivenUp = currentView().thread !== hit.thread || Date.now() > until;
  const message = document.getElementById(`step-${hit.step}`);
  if (message || isGivenUp) wanted = undefined;
  if (message && !isGivenUp) reveal(message, hit.snippet);
}

function reveal(message, snippet) {
  message.querySelector('h3 > button[data-state="closed"]')?.click(); // thoughts are folded
  const places = placesOf(message, snippet);
  mark(message, places);
  message.tabIndex = -1;
  hold(message, places[0] ?? message, scrollerOf(message));
}

// The page scrolls to its end while it opens, what is above may still grow, and the sidebar of a phone
// takes the focus as it closes: it is kept in place and has the focus until the page rests, or
// somebody does something.
function hold(message, target, scroller) {
  const until = Date.now() + SETTLE_MS;
  const acted = new AbortController();
  for (const act of ACTS) {
    const listening = { capture: true, passive: true, signal: acted.signal };
    window.addEventListener(act, () => acted.abort(), listening);
  }
  const keep = () => {
    if (acted.signal.aborted || Date.now() > until) return acted.abort();
    if (document.activeElement !== message) message.focus({ preventScroll: true });
    const { top, height } = scroller.getBoundingClientRect();
    const by = target.getBoundingClientRect().top - top - height / 4;
    if (Math.abs(by) > 1) scroller.scrollTop += by;
    requestAnimationFrame(keep);
  };
  keep();
}

function scrollerOf(element) {
  const scrolls = (each) =>
    each.scrollHeight > each.clientHeight && /auto|scroll/.test(getComputedStyle(each).overflowY);
  let each = element.parentElement;
  while (each.parentElement && !scrolls(each)) each = each.parentElement;
  return each;
}

function mark(message, places) {
  unmark();
  message.classList.add(MARK);
  if (places.length) CSS.highlights?.set(MARK, new Highlight(...places));
  const reading = setTimeout(() => unmark(), MARKED_MS);
  unmark = () => {
    clearTimeout(reading);
    message.classList.remove(MARK);
    CSS.highlights?.delete(MARK);
  };
}
