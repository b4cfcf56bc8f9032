// The folders that there are, as the server has told last.
import { fetchJson } from "../server.js";

let folders = [];
let tell = () => {};

export const knownFolders = () => folders;

/** Have it told whenever it has been asked which folders there are, with whether that is known. */
export const onFolders = (listener) => (tell = listener);

export async function refreshFolders() {
  const reply = await fetchJson("keepchat/sidebar/folders");
  folders = reply?.folders ?? folders;
  await tell(Boolean(reply));
}
