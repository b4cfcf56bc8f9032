// The address of a new conversation. Chainlit gives it one only while the sidebar is drawn, which it
// is not on a phone, and not under a prefix: a reload would show an empty page.
import { urlOf } from "./server.js";
import { onTold } from "./told.js";

export function keepAddress() {
  onTold("keepchatThread", (thread) => {
    if (location.origin + location.pathname !== urlOf("") || isGivenOne()) return;
    history.pushState(null, "", urlOf(`thread/${thread}`));
    dispatchEvent(new PopStateEvent("popstate")); // Chainlit's router looks where it is
  });
}

const isGivenOne = () => location.pathname === "/" && document.getElementById("thread-history");
