// The dialog in which a person says what they want in each new conversation, and its place in the
// menu of the user. What is changed and not saved is there again as long as the page is open.
import { isModalOpen, makeDialog } from "../dialogs.js";
import { addLine, make } from "../elements.js";
import { inLanguage } from "../language.js";
import { offerInMenu } from "../menu.js";
import { ask } from "../server.js";
import { onTold } from "../told.js";
import { choiceField, numberField, tell, textField } from "./fields.js";
import { Prompts, usePrompts } from "./prompts.js";

const ID = "keepchat-preferences";
const PATH = "keepchat/preferences";
const NEAR = 0.9; // of the limit
const READ_MS = 15_000;
const TEXTS = {
  title: { en: "Preferences", zh: "偏好设置" },
  about: {
    en: "These apply to each new conversation, and nobody else sees them. What goes for one conversation is in its settings.",
    zh: "这些设置应用于每个新对话，其他人看不到。单个对话的设置在该对话的设置面板中。",
  },
  about_user: { en: "What should it know about you?", zh: "助手应了解您的哪些情况？" },
  about_user_example: {
    en: "For instance: I am a nurse on a children's ward, and cook without nuts.",
    zh: "例如：我是儿科护士，做饭不放坚果。",
  },
  answer_style: { en: "How should it answer?", zh: "助手应如何回答？" },
  answer_style_example: {
    en: "For instance: Briefly, with an example, in plain words.",
    zh: "例如：简短，配一个例子，用通俗的话。",
  },
  model: { en: "Model", zh: "模型" },
  system_prompt: { en: "Instructions", zh: "指令" },
  temperature: { en: "Temperature", zh: "温度" },
  answer_tokens: { en: "Longest answer, in tokens", zh: "最长回答（词元数）" },
  byDefault: { en: "As it is set here: {value}", zh: "按此处的默认：{value}" },
  gone: {
    en: "The model {gone} is not available any more; {used} answers now.",
    zh: "模型 {gone} 已不可用；现在由 {used} 作答。",
  },
  all: { en: "{count} of {most} kB in all", zh: "总共 {count} / {most} kB" },
  tooMuch: {
    en: "{count} kB are too many, there may be {most} in all. Shorten something.",
    zh: "共 {count} kB，总共最多 {most} kB。请缩短一些内容。",
  },
  unsaved: {
    en: "What you have changed here is not saved yet.",
    zh: "您在此处的更改尚未保存。",
  },
  save: { en: "Save", zh: "保存" },
  saved: {
    en: "Saved. It applies to each new conversation.",
    zh: "已保存，将应用于每个新对话。",
  },
  close: { en: "Close", zh: "关闭" },
  again: { en: "Try again", zh: "重试" },
};
const say = (name, values) => inLanguage(TEXTS[name], values);

let unsaved = {}; // by name, what was changed as the dialog was closed

/** Offer the dialog in the menu of the user. */
export function offerPreferences() {
  offerInMenu(`${ID}-item`, say("title"), openDialog);
  onTold("keepchatUnread", tellUnread);
  usePrompts();
}

// Of a conversation that begins without them.
function tellUnread(text) {
  const line = addLine("warning", text);
  line.setAttribute("role", "status");
  setTimeout(() => line.remove(), READ_MS);
}

async function openDialog() {
  const told = await ask("GET", PATH);
  if (isModalOpen()) return;
  const dialog = makeDialog(ID, say("title"));
  show(dialog, told);
  dialog.showModal();
}

function show(dialog, told) {
  dialog.replaceChildren(makeHead(dialog));
  if (told.failed) dialog.append(makeProblem(dialog, told.failed));
  else dialog.append(new Form(dialog, told).element);
}

function makeHead(dialog) {
  const close = make("button", { type: "button", textContent: say("close"), autofocus: true });
  close.addEventListener("click", () => dialog.close());
  const head = make("header", {});
  head.append(make("h2", { textContent: say("title") }), close);
  return head;
}

function makeProblem(dialog, text) {
  const again = make("button", { type: "button", textContent: say("again") });
  again.addEventListener("click", async () => {
    again.disabled = true;
    show(dialog, await ask("GET", PATH));
  });
  const problem = make("p", { role: "alert", textContent: text });
  problem.append(make("br", {}), again);
  return problem;
}

class Form {
  constructor(dialog, told) {
    this.kept = told.kept;
    this.most = told.limits.bytes;
    this.settings = makeFields(told);
    this.prompts = new Prompts(told);
    this.bringBack();
    this.size = make("p", {});
    this.result = make("p", {});
    this.save = make("button", { type: "submit", textContent: say("save") });
    const foot = make("footer", {});
    foot.append(this.size, this.result, this.save);
    this.element = make("form", { noValidate: true });
    const about = make("p", { textContent: say("about") });
    const shown = [...this.settings, this.prompts].map(({ element }) => element);
    this.element.append(about, ...shown, foot);
    this.element.addEventListener("input", () => this.look());
    this.element.addEventListener("submit", (event) => this.send(event));
    dialog.addEventListener("close", () => (unsaved = this.changed()));
    this.look();
    if (Object.keys(this.changed()).length) tell(this.result, "", say("unsaved"));
  }

  bringBack() {
    for (const field of this.settings) if (field.name in unsaved) field.set(unsaved[field.name]);
    for (const [name, value] of Object.entries(unsaved)) this.prompts.bringBack(name, value);
  }

  get fields() {
    return [...this.settings, ...this.prompts.fields];
  }

  whole() {
    const said = Object.fromEntries(this.fields.map((field) => [field.name, field.value()]));
    return { ...this.kept, ...said };
  }

  // What another page has changed meanwhile stays as it is there.
  changed() {
    const isOther = (field) => textOf(field.value()) !== textOf(this.kept[field.name]);
    return Object.fromEntries(this.fields.filter(isOther).map((field) => [field.name, field.value()]));
  }

  look() {
    const values = { count: Math.ceil(this.bytes() / 1000), most: this.most / 1000 };
    const isNear = this.bytes() > this.most * NEAR;
    tell(this.size, this.isTooMuch() ? say("tooMuch", values) : "", isNear ? say("all", values) : "");
    tell(this.result, "", "");
  }

  bytes() {
    const said = Object.entries(this.whole()).filter(([, value]) => value !== null);
    return new Blob([JSON.stringify(Object.fromEntries(said))]).size;
  }

  isTooMuch() {
    return this.bytes() > this.most;
  }

  async send(event) {
    event.preventDefault();
    const wrong = this.fields.find((field) => field.problem());
    if (wrong) return wrong.show();
    if (this.isTooMuch() || this.save.ariaDisabled) return;
    this.save.ariaDisabled = "true"; // rather than disabled, which would take the focus away
    const changed = this.changed();
    const reply = await ask("PUT", PATH, { changed });
    this.save.ariaDisabled = null;
    if (!reply.failed) this.take(reply.kept);
    tell(this.result, reply.failed ?? "", say("saved"));
  }

  // Another page may have changed what was not changed here; what is typed meanwhile stays.
  take(kept) {
    const changed = this.changed();
    for (const field of this.settings) if (!(field.name in changed)) field.set(kept[field.name]);
    this.prompts.take(kept, changed);
    this.kept = kept;
  }
}

// Databases keep the order of names in an object, or do not.
const textOf = (value) => (value?.name ? `${value.name}\n${value.text}` : (value ?? null));

function makeFields(told) {
  const now = told.kept;
  const most = told.limits.characters;
  const isGone = now.model && !told.models.includes(now.model);
  const text = (name, placeholder) =>
    textField(name, say(name), { value: now[name], most, placeholder });
  const fields = [
    text("about_user", say("about_user_example")),
    text("answer_style", say("answer_style_example")),
    text("system_prompt", told.default.system_prompt),
    makeTemperature(told, now),
    makeLongest(told, now),
  ];
  if (told.models.length > 1 || isGone) fields.splice(2, 0, makeModel(told, now, isGone));
  return fields;
}

function makeModel({ models, default: { model } }, now, isGone) {
  const choices = models.map((name) => ({ value: name, label: name }));
  if (isGone) choices.push({ value: now.model, label: say("gone", { gone: now.model, used: model }) });
  const byDefault = say("byDefault", { value: model });
  return choiceField("model", say("model"), { value: now.model, choices, byDefault });
}

function makeTemperature({ temperatures, default: { temperature } }, now) {
  const name = "temperature";
  const isDefault = ({ value }) => value === (temperature === null ? "own" : String(temperature));
  const byDefault = say("byDefault", { value: temperatures.find(isDefault)?.label ?? temperature });
  return choiceField(name, say(name), { value: now[name], choices: temperatures, byDefault });
}

function makeLongest({ limits, default: { answer_tokens: value } }, now) {
  const name = "answer_tokens";
  const range = { least: limits.least_tokens, most: limits.most_tokens };
  const byDefault = say("byDefault", { value });
  return numberField(name, say(name), { value: now[name], ...range, byDefault });
}
