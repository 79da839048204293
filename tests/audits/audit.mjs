// Runs graphql-http's audits on the server at the address given and prints what became of each, as JSON.
import { auditServer } from 'graphql-http';

const results = await auditServer({ url: process.argv[2] });
const told = [];
for (const { id, name, status, reason, response } of results) {
  const body = status === 'ok' ? undefined : `${response.status} ${await response.text()}`;
  told.push({ id, name, status, reason, body });
}
process.stdout.write(JSON.stringify(told));
