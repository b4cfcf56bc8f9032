// Prompts of one's own: in the form each is a field that is folded, in the composer a command, which
// puts its text into the box, where it can be seen and changed.
import { BOX, onComposer, putBack } from "../composer.js";
import { make } from "../elements.js";
import { inLanguage } from "../language.js";
import { tell, textField } from "./fields.js";

const CLOSING_MS = 1000;
const NAME = /^prompt\.\d+$/;
const TEXTS = {
  title: { en: "Prompts of your own", zh: "自定义提示" },
  about: {
    en: "Type / into an empty box, or choose among the commands: the text is put into the box.",
    zh: "在空的输入框中键入 /，或从命令中选择：文本会放入输入框。",
  },
  add: { en: "Add a prompt", zh: "添加提示" },
  unnamed: { en: "New prompt", zh: "新提示" },
  name: { en: "Name", zh: "名称" },
  text: { en: "Text", zh: "文本" },
  remove: { en: "Delete", zh: "删除" },
  removeThis: { en: "Delete “{name}”", zh: "删除“{name}”" },
  full: {
    en: "There may be {most} prompts of your own. Delete one first.",
    zh: "最多可有 {most} 个自定义提示。请先删除一个。",
  },
  noName: { en: "Give the prompt a name.", zh: "请为此提示命名。" },
  noText: { en: "The prompt has no text.", zh: "此提示没有文本。" },
  taken: {
    en: "There is a command “{name}” already. Give the prompt another name.",
    zh: "已有名为“{name}”的命令。请为此提示另取一个名称。",
  },
};
const say = (name, values) => inLanguage(TEXTS[name], values);

/** Have a command that is a prompt put its text before what is in the box. */
export function usePrompts() {
  let chosen;
  onComposer(({ command, setCommand }) => {
    if (command === chosen) return;
    chosen = command;
    if (command?.text === undefined) return;
    setCommand(undefined);
    setTimeout(() => put(command.text)); // Chainlit empties the box of what chose it
  });
}

// The list of commands gives the focus back to its button, as it closes a moment later.
function put(text) {
  const giveBack = ({ target }) => target.id === "command-button" && document.getElementById(BOX).focus();
  window.addEventListener("focusin", giveBack);
  setTimeout(() => window.removeEventListener("focusin", giveBack), CLOSING_MS);
  putBack(text);
}

/** The prompts in the form. */
export class Prompts {
  constructor({ kept, limits, commands }) {
    Object.assign(this, { kept, limits, commands });
    this.list = make("div", {});
    this.add = make("button", { type: "button", textContent: say("add") });
    this.add.addEventListener("click", () => this.begin());
    this.full = make("p", {});
    this.element = make("fieldset", {});
    const title = make("legend", { textContent: say("title") });
    const about = make("p", { textContent: say("about") });
    this.element.append(title, about, this.list, this.add, this.full);
    this.fields = [];
    this.take(kept);
  }

  /** Show what is kept of those that were not changed here, and what is new. */
  take(kept, changed = {}) {
    this.kept = kept;
    for (const field of this.fields) if (!(field.name in changed)) field.set(kept[field.name]);
    const names = Object.keys(kept).filter((name) => NAME.test(name) && !this.named(name));
    const byName = (one, other) => kept[one].name.localeCompare(kept[other].name);
    for (const name of names.sort(byName)) this.append(name).set(kept[name]);
    this.look();
  }

  /** Show what was typed before of a prompt. */
  bringBack(name, value) {
    if (NAME.test(name)) (this.named(name) ?? this.append(name)).set(value);
    this.look();
  }

  named(name) {
    return this.fields.find((field) => field.name === name);
  }

  begin() {
    this.append(this.freeName()).show();
    this.look();
  }

  // A place at random: another page, which adds one too, takes another.
  freeName() {
    for (;;) {
      const name = `prompt.${Math.floor(Math.random() * this.limits.places)}`;
      if (!this.kept[name] && !this.named(name)) return name;
    }
  }

  append(name) {
    const field = makePrompt(name, this);
    this.fields.push(field);
    this.list.append(field.element);
    return field;
  }

  look() {
    const most = this.limits.prompts;
    this.add.disabled = this.fields.filter(({ isThere }) => isThere()).length >= most;
    tell(this.full, "", this.add.disabled ? say("full", { most }) : "");
  }

  isTaken(name, field) {
    const isSame = (other) => other.toLowerCase() === name.toLowerCase();
    const others = this.fields.filter((it) => it !== field && it.isThere()).map((it) => it.title());
    return [...this.commands, ...others].some(isSame);
  }
}

function makePrompt(name, prompts) {
  const { limits } = prompts;
  const title = textField(`${name}-name`, say("name"), { most: limits.name, rows: 1 });
  const text = textField(`${name}-text`, say("text"), { most: limits.characters });
  const line = make("p", {});
  const summary = make("summary", {});
  const remove = make("button", { type: "button", textContent: say("remove") });
  const element = make("details", {});
  element.append(summary, title.element, text.element, line, remove);
  const isThere = () => !element.hidden;
  const isEmpty = () => !title.value() && !text.value();
  const missing = () => (!title.value() && say("noName")) || (!text.value() && say("noText"));
  const taken = () => prompts.isTaken(title.value(), field) && say("taken", { name: title.value() });
  const look = () => {
    summary.textContent = title.value() ?? say("unnamed");
    remove.ariaLabel = say("removeThis", { name: summary.textContent });
    tell(line, (isThere() && title.value() && taken()) || "", "");
  };
  const field = {
    element,
    name,
    isThere,
    title: () => title.value() ?? "",
    value: () => (isThere() && !isEmpty() ? { name: title.value(), text: text.value() } : null),
    set(said) {
      element.hidden = !said;
      title.set(said?.name);
      text.set(said?.text);
      look();
    },
    problem() {
      if (!field.value()) return "";
      return title.problem() || text.problem() || missing() || taken() || "";
    },
    show() {
      element.hidden = false;
      element.open = true;
      (title.value() && !title.problem() && !taken() ? text : title).show();
      tell(line, field.problem(), "");
    },
  };
  element.addEventListener("input", look);
  remove.addEventListener("click", () => {
    field.set(null);
    prompts.look();
    prompts.add.focus();
    prompts.element.dispatchEvent(new Event("input", { bubbles: true }));
  });
  look();
  return field;
}
