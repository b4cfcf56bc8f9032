// The sidebar: its sections, what is pinned in them, and where conversations are put.
import { inLanguage } from "../language.js";
import { own } from "./history.js";
import { lines } from "./lines.js";
import { isPinned } from "./place.js";
import { offerSections } from "./sections.js";

const PINNED = inLanguage({ en: "Pinned", zh: "已置顶" });

/** Let Chainlit's script ask us (`routes/bundle.py`), and show what stands above its list. */
export function orderSidebar() {
  globalThis.keepchatSidebar = {
    groups: [PINNED],
    groupOf: (thread) => (isPinned(thread) ? PINNED : ""),
    own,
    lines,
    drawn,
  };
  offerSections();
}

const known = new Map(); // by thread: what its line shows, and the line as it was drawn of that

/** Where the line of a thread is kept that was drawn of just this, if it was. */
function drawn(thread, isResumed, isActive) {
  const { id, name, metadata } = thread;
  const shown = JSON.stringify([name, metadata, isResumed, isActive]);
  if (known.get(id)?.shown !== shown) known.set(id, { shown });
  return known.get(id);
}
