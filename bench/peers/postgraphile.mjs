// PostGraphile 5 as its documentation shows it, over node:http. Usage: node postgraphile.mjs DATABASE_URL PORT
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";

const [connectionString, port] = process.argv.slice(2);
const serv = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString, schemas: ["public"] })],
  // Lists beside connections: nested rows are asked as plain lists, which cost less.
  schema: { defaultBehavior: "+list +connection" },
  grafserv: { watch: false, graphiql: false },
}).createServ(grafserv);

const server = createServer();
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await serv.addTo(server);
await serv.ready;
server.listen(Number(port), "127.0.0.1");
