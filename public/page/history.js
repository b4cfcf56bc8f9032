// The history in the sidebar while the database is away: Chainlit's page would show none. Its list
// waits here instead, with a word about it, and comes by itself.
import { make } from "./elements.js";
import { inLanguage } from "./language.js";

const AGAIN_MS = 3000;
const AWAY = {
  en: "The history cannot be reached at the moment. It appears as soon as it can.",
  zh: "目前无法读取历史记录，恢复后会自动显示。",
};

let waiting = 0;
let line;

/** What asks for a page of the history, and waits for it as long as the server has to. */
export function waitingForHistory(send) {
  return async (...request) => {
    let reply = await send(...request);
    if (reply.status !== 503) return reply;
    waiting += 1;
    tell();
    try {
      while (reply.status === 503) {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        tell();
        reply = await send(...request).catch(() => reply);
      }
    } finally {
      waiting -= 1;
      if (!waiting) line?.remove();
    }
    return reply;
  };
}

// The sidebar may be drawn later, or anew.
function tell() {
  const place = document.querySelector('[data-sidebar="content"]');
  if (!place || line?.parentNode === place) return;
  line?.remove();
  line = make("p", { className: "keepchat-away", textContent: inLanguage(AWAY) });
  line.setAttribute("role", "status");
  place.prepend(line);
}
