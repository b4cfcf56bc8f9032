// What a screen reader says without being asked: each answer, once, as soon as it is there whole.
import { onChange } from "../address.js";
import { make } from "../elements.js";
import { inLanguage } from "../language.js";

const LONGEST = 500; // characters that are read; the rest is there to be read
const SHOWN_MS = 2000;
const SETTLE_MS = 500; // in which it is noted how an answer ended
const ANSWER = { en: "Answer: {text}", zh: "回答：{text}" };
const LONG = { en: "Answer, from its beginning: {text} …", zh: "回答（开头）：{text}……" };
const QUESTIONS = '[data-step-type="user_message"] > div > [id^="step-"]';

let region;
let showing;
let waiting; // what is read once what is shown has been seen
let asked; // the id of the question that is being answered

/** Announce answers. The region is there before, or its first text would be none to be read. */
export function announceAnswers() {
  region = make("div", { id: "keepchat-announcements", role: "status", className: "sr-only" });
  document.body.append(region);
  onChange(look);
}

/** Have something read, once nothing else is; `isShown` is for what others see nothing of, too. */
export function announce(text, isShown = false) {
  if (showing && !isShown) return void (waiting = text);
  region.replaceChildren(make("p", { textContent: text }));
  if (isShown) show();
}

/** Have nothing read for a while, so that what is shown within it comes first. */
export function reserve(ms) {
  clearTimeout(showing);
  showing = setTimeout(hide, ms);
}

function show() {
  region.className = "keepchat-said";
  reserve(SHOWN_MS);
}

function hide() {
  region.className = "sr-only";
  showing = undefined;
  if (waiting) announce(waiting);
  waiting = undefined;
}

function look() {
  const isAnswering = document.getElementById("stop-button");
  if (isAnswering) asked ??= [...document.querySelectorAll(QUESTIONS)].at(-1)?.id;
  else if (asked) {
    setTimeout(announceAnswer, SETTLE_MS, asked);
    asked = undefined;
  }
}

// It may be of a conversation that was left meanwhile.
function announceAnswer(question) {
  const message = document.getElementById(question)?.closest("[data-step-type]");
  const answer = message && lastAnswerAfter(message);
  if (!answer) return;
  const text = textOf(answer);
  const texts = text.length > LONGEST ? LONG : ANSWER;
  announce(inLanguage(texts, { text: text.slice(0, LONGEST) }));
}

function lastAnswerAfter(message) {
  const answer = [...document.querySelectorAll('[data-step-type="assistant_message"]')].at(-1);
  const order = answer && message.compareDocumentPosition(answer);
  return order & Node.DOCUMENT_POSITION_FOLLOWING ? answer : null;
}

const textOf = (answer) =>
  [...answer.querySelectorAll(".message-content, .keepchat-mark p")]
    .map(({ innerText }) => innerText.trim())
    .join(" ");
