import { readFileSync, readdirSync } from "node:fs";
import { chromium } from "playwright-core";
const text = readFileSync("check.js", "utf8");
const cut = (name) => { const a = text.indexOf(`function ${name}(`); const b = text.indexOf("\n}\n", a); return text.slice(a, b + 2); };
const fns = Object.fromEntries(["tooWide", "cut", "broken", "crowded", "overTheEdge", "tooLong"].map((n) => [n, new Function(`return (${cut(n)})`)()]));
const site = process.argv[2]; const widths = process.argv[3].split(",");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless","--no-sandbox","--disable-gpu"] });
const count = {};
for (const width of widths) {
  const page = await (await browser.newContext({ viewport: { width: +width, height: 800 } })).newPage();
  for (const name of readdirSync(site).filter((n) => n.endsWith(".html") && n !== "toc.html")) {
    await page.goto(`file://${site}/${name}`, { waitUntil: "load" });
    for (const [n, f] of Object.entries(fns)) for (const font of n === "overTheEdge" ? ["DejaVu Sans", "Liberation Sans"] : [null])
      for (const fault of await page.evaluate(f, font)) { count[`${n} ${width}`] = (count[`${n} ${width}`] ?? 0) + 1; if (count[`${n} ${width}`] < 8) console.log(width, n, name, fault); }
    const h = await page.evaluate(() => document.documentElement.scrollHeight);
    if (h > 15000 && width === "1280") console.log(name, h);
  }
}
console.log(JSON.stringify(count));
await browser.close();
