// Signing in at a provider, which leaves the page: it comes back to where somebody wanted to go.
import { isOurs, urlOf } from "./server.js";

const KEY = "keepchat-wanted";
const SIGNED_IN = "#signed-in"; // how the server says that somebody has just signed in
const LOGIN = urlOf("login");

/** Call it before Chainlit's own page looks at the address. */
export function comeBack() {
  const here = location.href.split(/[?#]/)[0];
  if (here === LOGIN) {
    const wanted = document.referrer;
    if (isOurs(wanted) && !wanted.startsWith(LOGIN)) sessionStorage.setItem(KEY, wanted);
  } else if (location.hash === SIGNED_IN) {
    const wanted = sessionStorage.getItem(KEY) ?? "";
    sessionStorage.removeItem(KEY);
    if (isOurs(wanted)) location.replace(wanted);
    else history.replaceState(history.state, "", here);
  }
}
