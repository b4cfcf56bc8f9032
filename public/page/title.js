// The title of the tab: that of its conversation.
import { currentView, onChange } from "./address.js";
import { onTold } from "./told.js";

const nameless = document.title;
const names = new Map(); // by thread, as the server told or listed them

/** Let the tab have the name of the conversation in it, also when that changes. */
export function nameTab() {
  onTold("keepchatTitle", ({ thread, name }) => learn([{ id: thread, name }]));
  onChange(show);
  const send = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const reply = await send(input, init);
    if (reply.ok) listen(String(input.url ?? input), init, reply).catch(() => {}); // the page is left
    return reply;
  };
}

async function listen(url, init, reply) {
  if (url.endsWith("/project/threads")) learn((await reply.clone().json()).data);
  else if (url.includes("/project/share/")) learn([await reply.clone().json()]);
  else if (url.endsWith("/project/thread") && init?.method === "PUT") {
    const { threadId, name } = JSON.parse(init.body);
    learn([{ id: threadId, name }]);
  }
}

function learn(threads) {
  for (const { id, name } of threads) names.set(id, name);
  show();
}

function show() {
  const title = names.get(currentView().thread) || nameless;
  if (document.title !== title) document.title = title;
}
