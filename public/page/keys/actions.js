// What keys do: each as if the button of it were pressed.
import { announce, reserve } from "../accessible/announcements.js";
import { BOX } from "../composer.js";
import { inLanguage } from "../language.js";
import { textAt } from "../translations.js";

const NO_ANSWER = { en: "There is no answer to copy.", zh: "没有可复制的回答。" };
const NO_QUESTION = { en: "No question can be edited now.", zh: "目前没有可编辑的问题。" };
const COPY = '[data-step-type="assistant_message"] button:has(> .lucide-copy)';
const EDIT = '[data-step-type="user_message"] .edit-message:enabled';
const SOON_MS = 5000; // in which something is copied, or Chainlit says why not

export function beginChat() {
  document.getElementById("new-chat-button")?.click();
  requestAnimationFrame(write);
}

export function write() {
  document.getElementById(BOX)?.focus();
}

export function stop() {
  document.getElementById("stop-button")?.click();
}

export function copyAnswer() {
  let button = press(COPY);
  if (!button) return announce(inLanguage(NO_ANSWER), true);
  reserve(SOON_MS);
  // It shows another sign once it is done. A conversation that gets its own page has new buttons.
  const done = new MutationObserver(() => {
    if (!button.isConnected) button = press(COPY) ?? button;
    else if (!button.matches(COPY)) {
      done.disconnect();
      announce(textAt("chat.messages.actions.copy.success"), true);
    }
  });
  done.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => done.disconnect(), SOON_MS);
}

export function editQuestion() {
  if (!press(EDIT)) announce(inLanguage(NO_QUESTION), true);
}

function press(selector) {
  const button = [...document.querySelectorAll(selector)].at(-1);
  button?.click();
  return button;
}
