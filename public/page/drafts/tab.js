// Which tab this is, and which others are open. A tab keeps its name when it is loaded anew; one that
// is made as a copy of another gets a name of its own.
const KEY = "keepchat-tab";
const LOCK = "keepchat-tab/";

let name = (sessionStorage[KEY] ??= newName());

// In a page without TLS there are no locks: all other tabs are taken for closed then.
const held = hold();

/** The name of this tab. */
export const tabName = () => name;

/** The names of the tabs that are open, this one among them. */
export async function openTabs() {
  await held;
  const { held: locks = [] } = (await navigator.locks?.query()) ?? {};
  return new Set([name, ...locks.map((lock) => lock.name.slice(LOCK.length))]);
}

function hold() {
  if (!navigator.locks) return Promise.resolve();
  return new Promise((decided) => {
    navigator.locks.request(LOCK + name, { ifAvailable: true }, (lock) => {
      if (lock) return keep(decided);
      name = sessionStorage[KEY] = newName();
      navigator.locks.request(LOCK + name, () => keep(decided));
    });
  });
}

function keep(decided) {
  decided();
  return new Promise(() => {}); // until the tab is closed
}

// `crypto.randomUUID` is not there without TLS.
function newName() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (it) => it.toString(36)).join("");
}
