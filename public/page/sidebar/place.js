// Where a conversation is: pinned, in a folder, in the archive. It is seen at once, and taken back
// where the server does not take it.
import { announce } from "../accessible/announcements.js";
import { inLanguage } from "../language.js";
import { ask } from "../server.js";
import { afterThis, ARCHIVE, changeThreads, folderOf, MAIN, sectionOf, shownSection } from "./history.js";
import { refreshFolders } from "./known.js";
import { tellProblem } from "./problem.js";

const DONE = {
  pin: { en: "Pinned", zh: "已置顶" },
  unpin: { en: "Not pinned any more", zh: "已取消置顶" },
  archive: { en: "Moved to the archive", zh: "已归档" },
  restore: { en: "Brought back from the archive", zh: "已取消归档" },
  move: { en: "Moved to the folder {folder}", zh: "已移至文件夹“{folder}”" },
  unmove: { en: "Taken out of the folder", zh: "已移出文件夹" },
};

export const isPinned = ({ metadata }) => metadata?.pinned === true;
export const isArchived = ({ metadata }) => metadata?.archived === true;

/** Pin a conversation, or do so no more. */
export const togglePin = (thread) =>
  place(thread, { pinned: !isPinned(thread) }, isPinned(thread) ? "unpin" : "pin");

/** Put a conversation into the archive, or bring it back. */
export const toggleArchive = (thread) =>
  place(thread, { archived: !isArchived(thread) }, isArchived(thread) ? "restore" : "archive");

/** Put a conversation into a folder; an empty name is for none. */
export const moveTo = (thread, folder) =>
  place(thread, { folder }, folder ? "move" : "unmove", { folder });

async function place(thread, wanted, done, values) {
  const changed = { ...thread, metadata: { ...thread.metadata, ...wanted } };
  if (wanted.archived) changed.metadata.pinned = false;
  put(changed);
  const reply = await afterThis(ask("PUT", `keepchat/sidebar/threads/${thread.id}`, wanted));
  if (reply.failed) {
    put(thread);
    tellProblem(reply.failed);
    return;
  }
  announce(inLanguage(DONE[done], values), true);
  await refreshFolders();
}

// In the list where it belongs there, and nowhere in it else.
function put(thread) {
  const isShown = whereIs(thread) === shownSection();
  changeThreads((threads) => {
    const at = threads.findIndex(({ id }) => id === thread.id);
    const others = threads.filter(({ id }) => id !== thread.id);
    return isShown ? others.toSpliced(at < 0 ? 0 : at, 0, thread) : others;
  });
}

function whereIs({ metadata }) {
  if (metadata?.archived === true) return ARCHIVE;
  return metadata?.folder ? sectionOf(metadata.folder) : MAIN;
}

/** The folder of a conversation, empty for none. */
export const folderOfThread = ({ metadata }) => folderOf(sectionOf(metadata?.folder || ""));
