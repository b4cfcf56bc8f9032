// A dot in the sidebar at each thread in which an answer is being written.
import { onChange } from "../address.js";
import { make } from "../elements.js";
import { inLanguage } from "../language.js";
import { onTold } from "../told.js";

const NAME = { en: "An answer is being written", zh: "正在生成回答" };

let running = [];

/** Mark the threads that the server tells. */
export function markRunning() {
  onTold("keepchatRunning", (threads) => {
    running = threads;
    draw();
  });
  onChange(draw);
}

function draw() {
  for (const dot of document.querySelectorAll(".keepchat-running")) {
    if (!running.includes(dot.dataset.thread)) dot.remove();
  }
  for (const thread of running) {
    const line = document.getElementById(`thread-${thread}`);
    if (line && !line.querySelector(".keepchat-running")) line.prepend(makeDot(thread));
  }
}

function makeDot(thread) {
  const name = inLanguage(NAME);
  const dot = make("i", { className: "keepchat-running", role: "img", title: name, ariaLabel: name });
  dot.dataset.thread = thread;
  return dot;
}
