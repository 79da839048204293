// Bundles GraphiQL, its three workers and the licences of all it holds into timeline/web/static/graphiql.
// The result appears whole or not at all: it is made beside its place and moved there.
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const place = join(here, "../../timeline/web/static/graphiql");
const fresh = `${place}.new`;

rmSync(fresh, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["main.jsx", "graphql.worker.js", "editor.worker.js", "json.worker.js"],
  outdir: fresh,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  loader: { ".ttf": "file" },
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  metafile: true,
  logLevel: "warning",
});
writeFileSync(join(fresh, "licenses.txt"), licenses(Object.keys(metafile.inputs)));
rmSync(place, { recursive: true, force: true });
renameSync(fresh, place);

for (const name of readdirSync(place).sort()) {
  console.log(`${relative(process.cwd(), join(place, name))}: ${readFileSync(join(place, name)).length} bytes`);
}

/** The licence of every package that a bundled file comes from, by name. */
function licenses(inputs) {
  const folders = new Set(inputs.map(packageFolder).filter(Boolean));
  return [...folders].sort().map(licenseOf).join("\n");
}

function packageFolder(input) {
  return input.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
  const file = readdirSync(join(here, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(here, folder, file), "utf8") : `${license}\n`;
  return `${name} ${version} (${license})\n\n${text}\n${"-".repeat(80)}\n`;
}
