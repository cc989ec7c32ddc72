import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
const [,, theme, width, font, out, ...files] = process.argv;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless","--no-sandbox","--disable-gpu"] });
const page = await (await browser.newContext({ colorScheme: theme, viewport: { width: +width, height: 600 } })).newPage();
await page.setContent(`<style>body{margin:8px;background:${theme === "dark" ? "#15171a" : "#fff"}} text{font-family:"${font}" !important} ${theme === "dark" ? ":root{--fig-ink:#ececec;--fig-muted:#b0b0b0;--fig-grid:#43474d;--fig-ours:#56b4e9;--fig-course:#f0a030;--fig-third:#3fc99b;--fig-box:#173a52;--fig-stretch:#4d3115}" : ""}</style>` + files.map((f) => readFileSync(f, "utf8")).join("<hr>"));
await page.screenshot({ path: out, fullPage: true });
await browser.close();
