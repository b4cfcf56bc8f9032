// Printing a conversation: as it is shown, below its title, its date and the models that answered.
import { make } from "./elements.js";
import { timeOf } from "./language.js";
import { fetchJson } from "./server.js";

const ID = "keepchat-printed";

export async function printThread(thread) {
  const told = await fetchJson(`keepchat/export/${thread}.json`);
  const head = make("header", { id: ID });
  if (told) head.append(...headOf(told));
  document.body.prepend(head);
  addEventListener("afterprint", () => head.remove(), { once: true });
  print();
}

function headOf({ title, time, messages }) {
  const models = new Set(messages.map(({ model }) => model).filter(Boolean));
  const about = [time && timeOf(time), ...models].filter(Boolean).join(" · ");
  return [make("h1", { textContent: title ?? "" }), make("p", { textContent: about })];
}
