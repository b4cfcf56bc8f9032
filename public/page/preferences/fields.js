// Fields of a form: each `{element, name, value(), set(value), problem(), show()}`; a value is null
// where nothing is said.
import { make } from "../elements.js";
import { inLanguage } from "../language.js";
import { lengthOf } from "../length.js";

const NEAR = 0.9; // of the limit
const COUNTED = { en: "{count} of {most} characters", zh: "{count} / {most} 个字符" };
const TOO_LONG = {
  en: "{count} characters are too many, there may be {most}. Shorten it.",
  zh: "共 {count} 个字符，最多 {most} 个。请缩短。",
};
const NO_NUMBER = { en: "This has to be between {least} and {most}.", zh: "须在 {least} 到 {most} 之间。" };

/** A text of one or several lines, with a line that counts as it gets near to its limit. */
export function textField(name, label, { value, most, placeholder = "", rows = 3 }) {
  const kind = rows > 1 ? "textarea" : "input";
  const box = make(kind, { name, placeholder, ...(rows > 1 && { rows, dir: "auto" }) });
  const line = make("p", { id: `keepchat-preferences-${name}-length` });
  box.setAttribute("aria-describedby", line.id);
  const problem = () => {
    const count = lengthOf(box.value.trim());
    return count > most ? inLanguage(TOO_LONG, { count, most }) : "";
  };
  const count = () => {
    const length = lengthOf(box.value.trim());
    const isNear = length >= most * NEAR;
    tell(line, problem(), isNear ? inLanguage(COUNTED, { count: length, most }) : "");
    box.ariaInvalid = problem() ? "true" : null;
  };
  const set = (said) => {
    box.value = said ?? "";
    count();
  };
  box.addEventListener("input", count);
  set(value);
  return {
    element: labelled(label, box, line),
    name,
    value: () => box.value.trim() || null,
    set,
    problem,
    show: () => box.focus(),
  };
}

/** A choice; the first is what is chosen where nothing is said. */
export function choiceField(name, label, { value, choices, byDefault }) {
  const box = make("select", { name });
  const isThere = !value || choices.some((it) => it.value === value);
  const all = [{ value: "", label: byDefault }, ...choices, ...(isThere ? [] : [{ value, label: value }])];
  box.append(...all.map((it) => make("option", { value: it.value, textContent: it.label })));
  box.value = value ?? "";
  return {
    element: labelled(label, box),
    name,
    value: () => box.value || null,
    set: (said) => (box.value = said ?? ""),
    problem: () => "",
    show: () => box.focus(),
  };
}

/** A whole number. */
export function numberField(name, label, { value, least, most, byDefault }) {
  const type = "number";
  const box = make("input", { type, name, min: least, max: most, step: "any", inputMode: "numeric" });
  box.placeholder = byDefault;
  const line = make("p", { id: `keepchat-preferences-${name}-range` });
  box.setAttribute("aria-describedby", line.id);
  const isNone = () => !box.value && !box.validity.badInput;
  const number = () => Math.round(box.valueAsNumber);
  const isWrong = () => !isNone() && !(number() >= least && number() <= most);
  const problem = () => (isWrong() ? inLanguage(NO_NUMBER, { least, most }) : "");
  const look = () => {
    tell(line, problem(), "");
    box.ariaInvalid = problem() ? "true" : null;
  };
  const set = (said) => {
    box.value = said ?? "";
    look();
  };
  box.addEventListener("input", look);
  set(value);
  return {
    element: labelled(label, box, line),
    name,
    value: () => (isNone() ? null : number()),
    set,
    problem,
    show: () => box.focus(),
  };
}

/** Say what is wrong, or else what is to be known; nothing where both are empty. */
export function tell(line, wrong, known) {
  const role = wrong ? "alert" : "status";
  if (line.getAttribute("role") !== role) line.setAttribute("role", role);
  if (line.textContent !== (wrong || known)) line.textContent = wrong || known;
}

function labelled(textContent, box, ...more) {
  box.id = `keepchat-preferences-${box.name}`;
  const label = make("label", { htmlFor: box.id, textContent });
  const field = make("div", { className: "keepchat-field" });
  field.append(label, box, ...more);
  return field;
}
