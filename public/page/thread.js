// The address of a new conversation. Chainlit gives it one only while the sidebar is drawn, which it
// is not on a phone, once the list is there, and not under a prefix: a reload would show an empty page.
import { openAddress } from "./address.js";
import { isHome, urlOf } from "./server.js";
import { onTold } from "./told.js";

let cameBack = false; // by the browser's Back, or Forward, to the address of a new conversation

export function keepAddress() {
  onTold("keepchatThread", (thread) => {
    if (isHome(location.href)) openAddress(urlOf(`thread/${thread}`));
  });
  window.addEventListener("popstate", () => (cameBack = isHome(location.href)), true);
  globalThis.keepchatCameBack = () => cameBack && isHome(location.href);
}
