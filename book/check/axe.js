// axe-core, started so that it works in a page whose own scripts are off.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What is hard to read or to reach on the page, by WCAG 2 level A and AA, as sentences. */
export async function faults(page) {
  await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const options = { runOnly: ["wcag2a", "wcag2aa"], resultTypes: ["violations"] };
    const { violations } = await globalThis.axe.run(document, options);
    return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.any[0]?.message ?? rule.help}`));
  });
  return violations;
}
