// The files that wait in the composer, kept in the browser until their message is sent: the server
// knows them by the page that has sent them, and forgets them with it.
const NAME = "keepchat-drafts";
const STORE = "files";

let opened;

/** Keep a file under an id. */
export const keepFile = (id, file) => change((files) => files.put({ id, file }));

/** The file of an id; undefined where it is not kept. */
export async function readFile(id) {
  const record = await change((files) => files.get(id), "readonly");
  return record?.file;
}

/** Forget all files but these. */
export async function forgetFilesBut(ids) {
  const kept = (await change((files) => files.getAllKeys(), "readonly")) ?? [];
  const gone = kept.filter((id) => !ids.has(id));
  if (gone.length) await change((files) => gone.forEach((id) => files.delete(id)));
}

// What a browser cannot keep is missed when it is wanted, and said then.
async function change(act, mode = "readwrite") {
  try {
    opened ??= open();
    const transaction = (await opened).transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
    return request?.result;
  } catch {
    return undefined;
  }
}

function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
