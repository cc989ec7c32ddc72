// Every link of every page, and of the API documentation below it, leads to a file that is there, and to an
// anchor that is in it.

import { decode } from "./address.js";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** All files of the folder with this ending. */
function files(folder, ending) {
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

const unescape = (text) => text.replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#39;", "'");

export function links(book) {
  const anchors = new Map();
  const anchorsOf = (file) => {
    if (!anchors.has(file)) {
      const found = readFileSync(file, "utf8").matchAll(/\s(?:id|name)=(?:"([^"]*)"|'([^']*)'|([^\s>"']+))/g);
      anchors.set(file, new Set([...found].map((m) => unescape(m[1] ?? m[2] ?? m[3]))));
    }
    return anchors.get(file);
  };
  const result = { files: 0, links: 0, wrong: [] };
  for (const file of files(book, ".html")) {
    result.files += 1;
    const text = readFileSync(file, "utf8").replace(/(<script\b[^>]*>).*?<\/script>/gs, "$1");
    for (const found of text.matchAll(/<(?:a|link|img|script|iframe)\b[^>]*?\s(?:href|src)=(?:"([^"]*)"|'([^']*)'|([^\s>"']+))/g)) {
      const address = unescape(found[1] ?? found[2] ?? found[3]);
      if (/^[a-z]+:/i.test(address) || address.startsWith("//")) continue;
      result.links += 1;
      const fault = broken(file, address, anchorsOf);
      if (fault) result.wrong.push(`${relative(book, file)}: ${address}: ${fault}`);
    }
  }
  return result;
}

/** Every page of a chapter is reached by "next" from the first one, and by "previous" from the last. */
export function turns(book) {
  const pages = new Map();
  for (const name of readdirSync(book).filter((name) => name.endsWith(".html") && name !== "print.html")) {
    const text = readFileSync(join(book, name), "utf8");
    const turn = text.match(/<nav class="turn".*?<\/nav>/s)?.[0] ?? "";
    const link = (rel) => turn.match(new RegExp(`<a rel="${rel}" href="([^"]*)"`))?.[1];
    if (turn !== "" || text.includes('<div class="cell">')) pages.set(name, { prev: link("prev"), next: link("next") });
  }
  const from = (rel) => [...pages.keys()].filter((name) => !pages.get(name)?.[rel]);
  const wrong = [];
  for (const [rel, back] of [["next", "prev"], ["prev", "next"]]) {
    const starts = from(back);
    const seen = new Set();
    for (let name = starts[0]; name && !seen.has(name); name = pages.get(name)?.[rel]) seen.add(name);
    if (starts.length !== 1) wrong.push(`${starts.length} pages have no link "${back}", and one should have none: ${starts.join(", ")}`);
    else for (const name of pages.keys()) if (!seen.has(name)) wrong.push(`${name} is not reached by "${rel}"`);
  }
  return wrong;
}

function broken(file, address, anchorsOf) {
  const [path, anchor] = address.split("#");
  const clean = decode(path.split("?")[0]);
  let target = clean === "" ? file : resolve(dirname(file), clean);
  if (!existsSync(target)) return "there is no such file";
  if (statSync(target).isDirectory()) target = join(target, "index.html");
  if (!existsSync(target)) return "the folder has no index.html";
  // rustdoc's view of a source marks a range of lines by script: its first line has to be there.
  const wanted = (anchor ?? "").replace(/^(\d+)-\d+$/, "$1");
  if (wanted === "" || !target.endsWith(".html")) return null;
  const isThere = [wanted, decode(wanted)].some((name) => anchorsOf(target).has(name));
  return isThere ? null : "there is no such anchor";
}
