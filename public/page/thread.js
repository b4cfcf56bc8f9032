// The address of a new conversation. Chainlit gives it one only while the sidebar is drawn, which it
// is not on a phone, once the list is there, and not under a prefix: a reload would show an empty page.
import { openAddress } from "./address.js";
import { isHome, urlOf } from "./server.js";
import { onTold } from "./told.js";

const SOON_MS = 1000; // in which the page draws what is at an address

let cameBack = false; // just now, by the browser's Back or Forward, to that of a new conversation

export function keepAddress() {
  onTold("keepchatThread", (thread) => {
    if (isHome(location.href)) openAddress(urlOf(`thread/${thread}`));
  });
  window.addEventListener("popstate", noteBack, true);
  globalThis.keepchatCameBack = () => cameBack && isHome(location.href);
}

// An address that the page itself goes to is no way back.
function noteBack({ isTrusted }) {
  cameBack = isTrusted && isHome(location.href);
  setTimeout(() => (cameBack = false), SOON_MS);
}
