import { chromium } from "playwright-core";
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless","--no-sandbox","--disable-gpu"] });
const page = await (await browser.newContext({ viewport: { width: 390, height: 900 } })).newPage();
await page.goto("file:///tmp/bk/site/lesson-map.html");
console.log(await page.evaluate(() => { const t=[...document.querySelectorAll(".table-wrapper")].find(b=>b.scrollWidth>b.clientWidth+1); const widths=[...t.querySelector("tr").cells].map(c=>c.offsetWidth); const words={}; for (const r of t.querySelectorAll("tr")) [...r.cells].forEach((c,k)=>{ const range=document.createRange(); const w=document.createTreeWalker(c,4); for(let n=w.nextNode();n;n=w.nextNode()) for (const m of n.data.matchAll(/\S+/g)) { range.setStart(n,m.index); range.setEnd(n,m.index+m[0].length); const rw=Math.max(...[...range.getClientRects()].map(r=>r.width)); if(rw>(words[k]?.[0]??0)) words[k]=[rw,m[0],c.innerText.slice(0,80)]; } }); return JSON.stringify([widths,words]); }));
await browser.close();
