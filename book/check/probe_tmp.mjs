import { chromium } from "playwright-core";
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless","--no-sandbox","--disable-gpu"] });
const page = await (await browser.newContext({ viewport: { width: 390, height: 900 } })).newPage();
await page.goto("file:///tmp/bk/site/lesson-map.html");
console.log(await page.evaluate(() => { const t=[...document.querySelectorAll(".table-wrapper")].find(b=>b.scrollWidth>b.clientWidth+1); const heads=[...t.querySelectorAll("tr")].slice(0,1).map(r=>[...r.cells].map(c=>c.offsetWidth)); 
 const out=[]; for (let k=0;k<4;k++){ let best=[0,""]; for (const r of t.querySelectorAll("tr")) { const c=r.cells[k]; if(!c) continue; const d=document.createElement("div"); d.style.cssText="position:absolute;width:min-content;font-size:1.3rem"; d.innerHTML=c.innerHTML; t.appendChild(d); if (d.offsetWidth>best[0]) best=[d.offsetWidth,c.innerText]; d.remove(); } out.push(best);} return JSON.stringify([heads,out]); }));
await browser.close();
