// Opens every page of the book in Chromium, as a reader would, and tells what is wrong with it:
// from the file system and from a server, in light and dark, from the width of a phone to that of a large screen, with
// scripts and without. No line of code may be cut or scroll, no word be broken, and no label of a picture, in two fonts.
//
//   npm ci && node check.js [BOOK] [--screenshots DIR]
//
// BOOK is the folder that `cargo xtask book` has made, else `book` in cargo's target folder. CHROMIUM names the browser.

import { faults } from "./axe.js";
import { links, turns } from "./links.js";
import { serve } from "./server.js";
import { chromium } from "playwright-core";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { screenshots: { type: "string" } } });
const target = process.env.CARGO_TARGET_DIR ?? join(here, "../../target");
const book = resolve(positionals[0] ?? join(target, "book"));
/** In the dark, boxes are as large as in the light: two widths are enough. */
const WIDTHS = { light: [390, 1280, 1440, 1920], dark: [390, 1280] };
/** Where the contrast is measured as well, which takes the time of ten visits; pages without scripts have it at 1280. */
const MEASURED = { light: 1280, dark: 390 };
/** `sans-serif` is one of these on many a machine: a wide one and a narrow one. */
const FONTS = ["DejaVu Sans", "Liberation Sans"];
const THEMES = ["light", "dark"];
/** Visits that run at the same time: while one waits for its browser, the other one works. */
const WORKERS = 2;
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path && existsSync(path));
if (!executablePath) throw new Error("there is no Chromium: install it (Debian: apt-get install chromium), or let CHROMIUM name it");
if (!existsSync(join(book, "index.html"))) throw new Error(`there is no book in ${book}: cargo xtask book`);

const pages = readdirSync(book).filter((name) => name.endsWith(".html") && name !== "toc.html");
/** What is wrong so far; each fault is told once, when it is found. */
const wrong = { faults: new Set(), add(fault) { if (!this.faults.has(fault)) console.error(fault); this.faults.add(fault); } };

/** Everything that a browser would complain about while it shows a page. */
function listen(page, place) {
  page.on("console", (message) => message.type() === "error" && wrong.add(`${place()}: console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.add(`${place()}: script: ${error.message}`));
  // What is given up because the page has been left is not missing.
  const isMissing = (request) => request.failure()?.errorText !== "net::ERR_ABORTED";
  page.on("requestfailed", (request) => isMissing(request) && wrong.add(`${place()}: missing: ${request.url()}`));
  page.on("response", (response) => response.status() >= 400 && wrong.add(`${place()}: ${response.status()}: ${response.url()}`));
}

/** The boxes that hold the text, where one of them is wider than it may be. */
function tooWide() {
  const boxes = [document.documentElement, document.body, ...document.querySelectorAll(".content, main, main > *, .cell, .output, figure")];
  const scrolls = (box) => /auto|scroll/.test(getComputedStyle(box).overflowX) && !box.matches(".content, body, html");
  return boxes.filter((box) => box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0 && !scrolls(box))
    .map((box) => `<${box.tagName.toLowerCase()} class="${box.className}" id="${box.id}"> is ${box.scrollWidth} px wide in ${box.clientWidth}`);
}

/** Code and output that is cut, or that scrolls sideways; and tables that do. */
function cut() {
  const boxes = [...document.querySelectorAll("main pre, main pre > :is(code, samp), main .table-wrapper")];
  return boxes.filter((box) => box.clientWidth > 0 && box.scrollWidth > box.clientWidth + 1)
    .map((box) => `<${box.tagName.toLowerCase()}> is cut at ${box.clientWidth} of ${box.scrollWidth} px: ${box.innerText.slice(0, 60).replaceAll("\n", " ")}`);
}

/** Words and numbers that begin on one line and end on another. */
function broken() {
  const words = [];
  const range = document.createRange();
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const box = node.parentElement;
    if (box.closest("svg, style, script") || node.data.trim() === "" || box.getClientRects().length === 0) continue;
    range.selectNodeContents(node);
    if (range.getClientRects().length < 2) continue;
    for (const found of node.data.matchAll(/[\p{L}\p{N}]{2,}/gu)) {
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      const tops = new Set([...range.getClientRects()].filter((r) => r.width > 0).map((r) => Math.round(r.top)));
      if (tops.size > 1) words.push(`"${found[0]}" is broken: ${node.data.trim().slice(0, 60)}`);
    }
  }
  return words;
}

/** Rust beside Python where there is no room for both, and below it where there is. */
function crowded() {
  const wrong = [];
  for (const sides of document.querySelectorAll(".sides")) {
    const [left, right] = sides.children;
    if (!right || sides.clientWidth === 0) continue;
    const wide = (side) => Math.max(...[...side.querySelectorAll("code")].map((code) => {
      code.style.whiteSpace = "pre";
      code.style.width = "max-content";
      const width = code.getBoundingClientRect().width;
      code.style.whiteSpace = code.style.width = "";
      return width;
    }));
    const isBeside = Math.abs(left.getBoundingClientRect().top - right.getBoundingClientRect().top) < 2;
    const gap = parseFloat(getComputedStyle(sides).columnGap);
    const fits = wide(left) + wide(right) + gap <= sides.clientWidth + 1;
    if (isBeside !== fits) wrong.push(`Rust and Python are ${isBeside ? "beside" : "below"} each other: ${left.innerText.slice(0, 60).replaceAll("\n", " ")}`);
  }
  return wrong;
}

/** Labels of pictures that reach over the picture's edge, in a font. */
function overTheEdge(font) {
  const style = document.head.appendChild(document.createElement("style"));
  style.textContent = `figure svg text { font-family: "${font}" !important; }`;
  const wrong = [];
  for (const svg of document.querySelectorAll("figure svg")) {
    const { x, y, width, height } = svg.viewBox.baseVal;
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBBox();
      const isInside = box.x >= x - 0.5 && box.y >= y - 1 && box.x + box.width <= x + width + 0.5 && box.y + box.height <= y + height + 1;
      if (!isInside) wrong.push(`${svg.closest("figure").id}: "${text.textContent.trim()}" is cut in ${font}`);
    }
  }
  style.remove();
  return wrong;
}

/** What a page is too long for, and a chapter's page without its way back and on. */
function tooLong() {
  const wrong = [];
  if (innerWidth >= 1280 && !document.querySelector("pre.source") && document.documentElement.scrollHeight > 30_000) {
    wrong.push(`the page is ${document.documentElement.scrollHeight} px tall`);
  }
  if (document.querySelector("main .cell") && document.querySelectorAll("nav.turn a").length === 0) wrong.push("there is no way to the next page");
  return wrong;
}

/** A quiz that does not count what one says one knew. */
function miscounted() {
  const answers = document.querySelectorAll("#quiz ~ details");
  if (answers.length === 0) return [];
  answers.forEach((answer, i) => answer.querySelectorAll(".asked button")[i % 2]?.click());
  const score = document.querySelector(".score")?.textContent;
  const expected = `${Math.ceil(answers.length / 2)} of ${answers.length} known, 0 to go`;
  return score === expected ? [] : [`the quiz says "${score}", not "${expected}"`];
}

/** Opens every page once in a browser of this kind; `own`: with the book's own scripts. */
async function visit(browser, { origin, where, theme, width, scripts = true, own = scripts, contrast = false }) {
  const context = await browser.newContext({ colorScheme: theme, viewport: { width, height: 800 }, javaScriptEnabled: scripts });
  const page = await context.newPage();
  let name;
  const kind = `${where}, ${theme}, ${width} px${scripts ? "" : ", no scripts"}`;
  const place = () => `${name} (${kind})`;
  listen(page, place);
  for (name of pages) {
    await page.goto(`${origin}/${name}`, { waitUntil: "load" });
    for (const look of [tooWide, cut, broken, tooLong]) {
      for (const fault of await page.evaluate(look)) wrong.add(`${place()}: ${fault}`);
    }
    if (scripts) {
      for (const look of own ? [crowded, miscounted] : [crowded]) {
        for (const fault of await page.evaluate(look)) wrong.add(`${place()}: ${fault}`);
      }
    }
    if (contrast && scripts) {
      for (const font of FONTS) for (const fault of await page.evaluate(overTheEdge, font)) wrong.add(`${place()}: ${fault}`);
    }
    const text = await page.evaluate(() => document.querySelector("main")?.innerText.length ?? 0);
    if (text < 200) wrong.add(`${place()}: there is nothing to read`);
    if (contrast) for (const fault of await faults(page)) wrong.add(`${place()}: ${fault}`);
    if (options.screenshots) await page.screenshot({ path: join(options.screenshots, `${name}-${kind.replaceAll(/\W+/g, "-")}.png`), fullPage: true });
  }
  await context.close();
  console.log(`${pages.length} pages: ${kind}${contrast ? ", with contrast" : ""}`);
}

/** All visits. Those that measure the contrast take the longest and come first, so that the workers end together. */
function visits({ file, server, plain }) {
  const all = THEMES.flatMap((theme) => [
    ...WIDTHS[theme].map((width) => ({ origin: file, where: "file", theme, width, contrast: MEASURED[theme] === width })),
    { origin: server, where: "server", theme, width: 1280 },
    { origin: file, where: "file", theme, width: 390, scripts: false },
    // Where a page may run no script, axe could run none either; so here the scripts are taken out of the pages.
    { origin: plain, where: "server of pages without scripts", theme, width: 1280, own: false, contrast: true },
  ]);
  return [...all.filter(({ contrast }) => contrast), ...all.filter(({ contrast }) => !contrast)];
}

/** Takes one visit after the other from the queue, in a browser of its own. */
async function work(queue) {
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    while (queue.length > 0) await visit(browser, queue.shift());
  } finally {
    await browser.close();
  }
}

if (options.screenshots) mkdirSync(options.screenshots, { recursive: true });
const server = await serve(book);
const plain = await serve(book, { scripts: false });
try {
  const queue = visits({ file: pathToFileURL(book).href, server: server.origin, plain: plain.origin });
  await Promise.all(Array.from({ length: WORKERS }, () => work(queue)));
} finally {
  server.close();
  plain.close();
}

const checked = links(book);
[...checked.wrong, ...turns(book)].forEach((fault) => wrong.add(fault));
console.log(`${checked.links} links in ${checked.files} files`);
const count = wrong.faults.size;
console.log(count === 0 ? "the book is as it should be" : `${count} faults`);
process.exitCode = count === 0 ? 0 : 1;
