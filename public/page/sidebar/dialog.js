// A question in a dialog, with what answers it below.
import { makeDialog } from "../dialogs.js";
import { make } from "../elements.js";
import { inLanguage } from "../language.js";

const CANCEL = { en: "Cancel", zh: "取消" };

/**
 * Ask something in a dialog. `parts` are what it shows, `act` is done by the button called `text` and
 * says what did not work, if so; else the dialog closes.
 */
export function askFor({ id, title, parts, text, isDanger = false, act }) {
  const dialog = makeDialog(id, title);
  const form = make("form", { method: "dialog" });
  const problem = make("p", { role: "alert" });
  const cancel = make("button", { type: "button", textContent: inLanguage(CANCEL) });
  const go = make("button", { type: "submit", textContent: text });
  if (isDanger) go.className = "keepchat-danger";
  cancel.autofocus = isDanger;
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    problem.replaceChildren((await act()) ?? "");
    go.disabled = false;
    if (!problem.textContent) dialog.close();
  });
  const buttons = make("footer", {});
  buttons.append(cancel, go);
  form.append(make("h2", { textContent: title }), ...parts, problem, buttons);
  dialog.append(form);
  dialog.showModal();
  return dialog;
}
