// Builds the bundles that are committed: the same sources and the pinned bundler give the same bytes.
import { build } from "esbuild";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const bundles = [
  { entry: "src/map.ts", out: "../src/birdfall/tell/assets/map.js", uses: ["sigma", "graphology", "graphology-utils", "events"] },
  { entry: "src/dashboard.ts", out: "../src/birdfall/watch/dashboard/assets/dashboard.js", uses: ["uplot"] },
].filter((bundle) => existsSync(bundle.entry));

for (const { entry, out, uses } of bundles) {
  await build({
    entryPoints: [entry],
    outfile: out,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    logLevel: "warning",
  });
  const notices = uses.map((name) => {
    const folder = `node_modules/${name}`;
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const file = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"].map((f) => `${folder}/${f}`).find(existsSync);
    return `${name} ${version} (${license})\n\n${file ? readFileSync(file, "utf8").trim() : ""}\n`;
  });
  writeFileSync(out.replace(/\.js$/, ".licences.txt"), notices.join("\n----\n\n"));
}
