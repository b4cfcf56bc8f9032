// The address of a new conversation. Chainlit gives it one only while the sidebar is drawn, which it
// is not on a phone, and not under a prefix: a reload would show an empty page.
import { place } from "./address.js";
import { at } from "./server.js";

export function keepAddress() {
  window.addEventListener("message", ({ source, data }) => {
    const thread = source === window && data?.keepchatThread;
    if (!thread || place().thread || location.href.split(/[?#]/)[0] !== at("")) return;
    history.pushState(null, "", at(`thread/${thread}`));
    dispatchEvent(new PopStateEvent("popstate")); // Chainlit's router looks where it is
  });
}
