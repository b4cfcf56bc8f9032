// The list of conversations that the sidebar shows: one section of them, `sections.js`. What draws it
// is Chainlit's page, which keeps it; its script asks us for the rest (`routes/bundle.py`).
import { urlOf } from "../server.js";

export const MAIN = "";
export const ARCHIVE = "archive";
const FOLDER = "folder/";

/** The section that a folder is, and the folder that a section is, if it is one. */
export const sectionOf = (folder) => FOLDER + folder;
export const folderOf = (section) =>
  section.startsWith(FOLDER) ? section.slice(FOLDER.length) : null;

const PAGE = 35; // threads, as many as Chainlit asks for
const asked = new Set(); // replies that are waited for
const writing = new Set(); // changes of places on their way

const KEPT = "keepchat-section"; // of this tab, also when it is loaded anew

let set = () => {};
let section = sessionStorage[KEPT] ?? MAIN;
let latest = 0;

/** The section that is shown. */
export const shownSection = () => section;

/** Begin with the list of all when somebody else signs in. */
export const forgetSection = () => sessionStorage.removeItem(KEPT);

/** Chainlit's function that changes its list is kept; it is given back. */
export function own(change) {
  set = change;
  return change;
}

/** Change the list at once: `change` makes new threads of those that are there. */
export function changeThreads(change) {
  set((history) => (history?.threads ? { ...history, threads: change(history.threads) } : history));
}

/** What asks for a page of the list, so that it is one of the section that is shown. */
export function ofSection(send) {
  return (input, init) => {
    const address = `${input}?section=${encodeURIComponent(section)}`;
    return noted(asked, Promise.all(writing).then(() => send(address, init)));
  };
}

/** Have lists wait for a change of a place, or they would show what was before it. */
export const afterThis = (change) => noted(writing, change);

function noted(set, work) {
  const done = work.catch(() => {});
  set.add(done);
  done.then(() => set.delete(done));
  return work;
}

/** Show a section from its beginning; false where that did not work. */
export async function showSection(wanted) {
  const number = (latest += 1);
  section = sessionStorage[KEPT] = wanted;
  await Promise.all(asked); // or Chainlit's page would put what it has asked for beside this
  const body = JSON.stringify({ pagination: { first: PAGE }, filter: {} });
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch(urlOf("project/threads"), { method: "POST", headers, body });
  if (!reply.ok || number !== latest) return reply.ok;
  const { pageInfo, data } = await reply.json();
  set((history) => ({ ...history, pageInfo, threads: data }));
  return true;
}
