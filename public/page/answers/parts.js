// What is drawn at a message for what the server notes of it: a mark, which says how an answer ended,
// and tools, which are buttons. Neither is there where it would be empty.
import { make, makeIcon } from "../elements.js";
import { inLanguage } from "../language.js";

const CIRCLE = "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18";
const MARKS = {
  stopped: {
    icon: "M5 5h14v14H5z",
    en: "This answer was stopped.",
    zh: "此回答已被停止。",
  },
  cut: {
    icon: "M4 6h16M4 12h16M4 18h6M14 18h.01M19 18h.01",
    en: "The answer reached the limit on its length.",
    zh: "回答已达到长度上限。",
  },
  withheld: {
    icon: `${CIRCLE}M6 6l12 12`,
    en: "The model's provider held back the rest of this answer by its rules on content.",
    zh: "模型服务商按其内容规则未给出此回答的其余部分。",
  },
  interrupted: {
    icon: "M13 3L5 14h6l-1 7 9-11h-6z",
    en: "The answer broke off.",
    zh: "回答中断了。",
  },
  killed: {
    icon: "M12 3v8M6.5 7a8 8 0 1 0 11 0",
    en: "The answer broke off because the program was stopped.",
    zh: "由于程序停止运行，回答中断了。",
  },
  unanswered: {
    icon: `${CIRCLE}M9.7 9.5a2.4 2.4 0 1 1 3.4 2.2c-.8.4-1.1.9-1.1 1.8M12 16.8h.01`,
    en: "There is no answer to this question.",
    zh: "此问题没有回答。",
  },
};
const STILL_WRITTEN = {
  icon: `${CIRCLE}M12 7.5v5l3 2`,
  en: "This answer is still being written.",
  zh: "此回答仍在生成中。",
};
const BUTTONS = {
  again: {
    icon: "M20.5 12a8.5 8.5 0 1 1-2.5-6l2.5 2.5M20.5 3.5v5h-5",
    en: "Try again",
    zh: "重试",
  },
  branch: {
    icon: "M12 21.5v-8M12 13.5L4 5M12 13.5L20 5M4 10.5V5h5.5M20 10.5V5h-5.5",
    en: "Branch from here",
    zh: "从此处建立分支",
  },
  goOn: { icon: "M5 12h14M13 6l6 6-6 6", en: "Go on", zh: "继续" },
  previous: { icon: "M15 6l-6 6 6 6", en: "Previous version", zh: "上一个版本" },
  next: { icon: "M9 6l6 6-6 6", en: "Next version", zh: "下一个版本" },
};
const BY = { en: "Written by {name}", zh: "由 {name} 作答" };
const VERSIONS = { en: "Versions", zh: "版本" };
const NUMBERS = { en: "{number} of {count}", zh: "{number} / {count}" };

/** Mark and tools of a note, null where there are none. `act(button, action, id)` does what a button
 * says; `id` is that of the version to be shown, and absent where it is about the message itself. */
export function makeParts(note, act) {
  const isQuestion = note.state === "unanswered";
  const button = (name) => note[name] && makeButton(name, act);
  const again = button("again");
  const labelled = [isQuestion && again, button("goOn")].filter(Boolean);
  for (const each of labelled) each.append(each.title);
  const small = [
    !isQuestion && again,
    button("branch"),
    note.siblings && makePager(note, act),
    note.model && makeModel(note.model),
  ];
  return { mark: makeMark(MARKS[note.state], labelled), tools: makeTools(small.filter(Boolean)) };
}

/** The mark of a note and who wrote it, for those who only read. */
export function makeMarkOnly({ state, model }) {
  const mark = makeMark(state === "running" ? STILL_WRITTEN : MARKS[state], []);
  return { mark, tools: makeTools(model ? [makeModel(model)] : []) };
}

function makeMark(mark, buttons) {
  if (!mark && !buttons.length) return null;
  const line = make("div", { className: "keepchat-mark" });
  if (mark) {
    const text = make("p", {});
    text.append(makeIcon(mark.icon), make("span", { textContent: inLanguage(mark) }));
    line.append(text);
  }
  line.append(...buttons);
  return line;
}

// Its text comes with the decision whether it is told.
const makeModel = (name) =>
  make("span", { className: "keepchat-model", title: inLanguage(BY, { name }) });

function makeTools(buttons) {
  if (!buttons.length) return null;
  const tools = make("div", { className: "keepchat-tools" });
  tools.append(...buttons);
  return tools;
}

function makeButton(name, act, action = name, id = undefined) {
  const title = inLanguage(BUTTONS[name]);
  const button = make("button", { type: "button", title, ariaLabel: title });
  button.append(makeIcon(BUTTONS[name].icon));
  button.addEventListener("click", () => act(button, action, id));
  return button;
}

function makePager({ siblings, index }, act) {
  const pager = make("div", { role: "group", ariaLabel: inLanguage(VERSIONS) });
  const numbers = inLanguage(NUMBERS, { number: index + 1, count: siblings.length });
  pager.append(
    makeArrow("previous", siblings[index - 1], act),
    make("span", { textContent: numbers }),
    makeArrow("next", siblings[index + 1], act),
  );
  return pager;
}

function makeArrow(name, id, act) {
  const arrow = makeButton(name, act, "show", id);
  arrow.disabled = !id;
  return arrow;
}
