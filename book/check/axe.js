// axe-core, started so that it works in a page whose own scripts are off.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What is hard to read on the page, and hard to reach in its text, by WCAG 2 level A and AA, as sentences. */
export async function faults(page) {
  await page.evaluate(source);
  return page.evaluate(async () => {
    // Without `preload`, which asks for the style sheets once more: from the file system that is not allowed.
    const options = { preload: false, resultTypes: ["violations"] };
    const contrast = { ...options, runOnly: { type: "rule", values: ["color-contrast"] } };
    const others = { ...options, runOnly: ["wcag2a", "wcag2aa"], rules: { "color-contrast": { enabled: false } } };
    const runs = [await globalThis.axe.run(document, contrast), await globalThis.axe.run("main", others)];
    const sentence = (rule) => (node) => `${rule.id}: ${node.target.join(" ")}: ${node.any[0]?.message ?? rule.help}`;
    return runs.flatMap((run) => run.violations.flatMap((rule) => rule.nodes.map(sentence(rule))));
  });
}
