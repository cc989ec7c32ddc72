import { chromium } from "playwright-core";
const [,, out, width, theme, ...pages] = process.argv;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless","--no-sandbox","--disable-gpu"] });
const context = await browser.newContext({ colorScheme: theme, viewport: { width: +width, height: 900 } });
const page = await context.newPage();
for (const p of pages) {
  const [name, sel] = p.split("@");
  await page.goto("file:///tmp/bk/site/" + name, { waitUntil: "load" });
  const file = `${out}/${name.replace(/[.#\/]/g, "_")}-${theme}-${width}.png`;
  if (sel) { const y = await page.evaluate((s) => document.getElementById(s).getBoundingClientRect().top + scrollY, sel); await page.setViewportSize({ width: +width, height: 1500 }); await page.evaluate((y) => scrollTo(0, y - 60), y); await page.waitForTimeout(150); await page.screenshot({ path: file.replace(".png", "-" + sel + ".png") }); }
  else await page.screenshot({ path: file });
}
await browser.close();
