// The smallest server that a browser takes pages from.

import { decode } from "./address.js";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2" };

/** Serves the folder; without `scripts`, its pages have none, and look as in a browser that runs none. */
export async function serve(folder, { scripts = true } = {}) {
  const read = (file) => {
    const bytes = readFileSync(file);
    return scripts || extname(file) !== ".html" ? bytes : bytes.toString().replace(/<script\b[^>]*>.*?<\/script>/gs, "");
  };
  const server = createServer((request, response) => {
    const path = normalize(decode(new URL(request.url, "http://x").pathname));
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" }).end(read(file));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
