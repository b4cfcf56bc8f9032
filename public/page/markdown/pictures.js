// A picture that cannot be shown, since it is of another site or nowhere, is a line with its address.
import { inLanguage } from "../language.js";
import { isOurs } from "../server.js";
import { element, replaceEach } from "./tree.js";

const PICTURE = { en: "Picture", zh: "图片" };

/** The plugin that makes lines of them. */
export const namePictures = () => (tree) =>
  replaceEach(tree, (node, above) => {
    if (node.tagName !== "img" || isShown(node.properties.src)) return undefined;
    return [line(node.properties, above.some(({ tagName }) => tagName === "a"))];
  });

function isShown(src) {
  if (!src) return false;
  const { href, pathname } = new URL(src, location.href);
  return isOurs(href) && /\/(?:public|files|avatars)\//.test(pathname);
}

function line({ src, alt }, isInLink) {
  const name = [inLanguage(PICTURE), alt].filter(Boolean).join(": ");
  const isElsewhere = /^(?:https?:)?\/\//i.test(src ?? "");
  const address = isElsewhere && !isInLink ? element("a", { href: src }, src) : src;
  return element("span", { className: ["keepchat-picture"] }, `${name} `, ...(address ? [address] : []));
}
