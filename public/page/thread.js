// The address of a new conversation. Chainlit gives it one only while the sidebar is drawn, which it
// is not on a phone, and not under a prefix: a reload would show an empty page.
import { urlOf } from "./server.js";

export function keepAddress() {
  window.addEventListener("message", ({ source, data }) => {
    const thread = source === window && data?.keepchatThread;
    if (!thread || location.origin + location.pathname !== urlOf("") || isGivenOne()) return;
    history.pushState(null, "", urlOf(`thread/${thread}`));
    dispatchEvent(new PopStateEvent("popstate")); // Chainlit's router looks where it is
  });
}

const isGivenOne = () => location.pathname === "/" && document.getElementById("thread-history");
