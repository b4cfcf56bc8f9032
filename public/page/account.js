// The dialog in which a person changes their password and ends their sessions, and its place in the
// menu of the user.
import { makeDialog } from "./dialogs.js";
import { make } from "./elements.js";
import { inLanguage, timeOf } from "./language.js";
import { offerInMenu } from "./menu.js";
import { ask } from "./server.js";

const PATH = "keepchat/account";
const TEXTS = {
  title: { en: "Account and sessions", zh: "账户与会话" },
  sessions: { en: "Where you are signed in", zh: "您的登录位置" },
  isThis: { en: "this browser", zh: "此浏览器" },
  since: { en: "{where}, since {began}", zh: "{where}，自 {began}" },
  end: { en: "Sign out", zh: "退出" },
  endOthers: { en: "Sign out everywhere else", zh: "退出所有其他会话" },
  password: { en: "Change the password", zh: "修改密码" },
  current: { en: "Current password", zh: "当前密码" },
  new: { en: "New password", zh: "新密码" },
  again: { en: "New password, once more", zh: "再次输入新密码" },
  save: { en: "Change", zh: "修改" },
  saved: {
    en: "The password is changed. You are signed out everywhere else.",
    zh: "密码已修改。您已从所有其他位置退出。",
  },
  differ: { en: "These were two different passwords.", zh: "两次输入的密码不同。" },
  unknown: { en: "Unknown browser", zh: "未知浏览器" },
  close: { en: "Close", zh: "关闭" },
};
const say = (name) => inLanguage(TEXTS[name]);

/** Offer the dialog in the menu of the user. */
export const offerAccount = () => offerInMenu("keepchat-account-item", say("title"), openDialog);

async function openDialog() {
  const dialog = makeDialog("keepchat-account", say("title"));
  await fill(dialog);
  dialog.showModal();
}

async function fill(dialog) {
  const account = await ask("GET", PATH);
  const close = make("button", { type: "button", textContent: say("close"), autofocus: true });
  close.addEventListener("click", () => dialog.close());
  const head = make("header", {});
  head.append(make("h2", { textContent: `${say("title")}: ${account.name ?? ""}` }), close);
  dialog.replaceChildren(
    head,
    ...(account.failed ? [problem(account.failed)] : parts(dialog, account)),
  );
}

function parts(dialog, account) {
  const list = make("ul", {});
  list.append(...account.sessions.map((session) => row(dialog, session)));
  const others = button("endOthers", dialog, "DELETE", "/sessions");
  others.hidden = account.sessions.every((session) => session.isThis);
  const shown = [make("h3", { textContent: say("sessions") }), list, others];
  return account.password ? [...shown, passwordForm(dialog)] : shown;
}

function row(dialog, session) {
  const where = [browserOf(session.client), session.address].filter(Boolean).join(", ");
  const shown = inLanguage(TEXTS.since, { where, began: timeOf(session.began) });
  const line = make("li", {});
  line.append(make("span", { textContent: shown }));
  if (session.isThis) line.append(make("em", { textContent: say("isThis") }));
  else line.append(button("end", dialog, "DELETE", `/sessions/${session.id}`));
  return line;
}

function button(name, dialog, method, path) {
  const made = make("button", { type: "button", textContent: say(name) });
  made.addEventListener("click", async () => {
    made.disabled = true;
    const reply = await ask(method, PATH + path);
    if (reply.failed) made.after(problem(reply.failed));
    else await fill(dialog);
  });
  return made;
}

function passwordForm(dialog) {
  const form = make("form", {});
  const [current, wanted, again] = [
    field("current", "current-password"),
    field("new", "new-password"),
    field("again", "new-password"),
  ];
  const save = make("button", { type: "submit", textContent: say("save") });
  const result = make("p", { role: "status" });
  form.append(make("h3", { textContent: say("password") }), current, wanted, again, save, result);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [old, first, second] = [current, wanted, again].map((one) => one.lastChild.value);
    if (first !== second) return result.replaceChildren(say("differ"));
    save.disabled = true;
    const reply = await ask("PUT", `${PATH}/password`, { current: old, new: first });
    save.disabled = false;
    if (!reply.failed) await fill(dialog);
    const shown = reply.failed ? result : dialog.querySelector('form [role="status"]');
    shown.replaceChildren(reply.failed || say("saved"));
  });
  return form;
}

function field(name, autocomplete) {
  const label = make("label", { textContent: say(name) });
  label.append(make("input", { type: "password", name, autocomplete, required: true }));
  return label;
}

const problem = (text) => make("p", { role: "alert", textContent: text });

/** The browser and the system that a User-Agent names, as people call them. */
function browserOf(client) {
  const found = (names) => names.find(([mark]) => client.includes(mark))?.[1];
  const browser = found([
    ["Edg/", "Edge"],
    ["OPR/", "Opera"],
    ["Firefox/", "Firefox"],
    ["Chrome/", "Chrome"],
    ["Safari/", "Safari"],
  ]);
  const system = found([
    ["iPhone", "iPhone"],
    ["iPad", "iPad"],
    ["Android", "Android"],
    ["Windows", "Windows"],
    ["Mac OS", "macOS"],
    ["Linux", "Linux"],
  ]);
  return [browser, system].filter(Boolean).join(", ") || client.slice(0, 40) || say("unknown");
}
