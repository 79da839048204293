// GraphiQL on our own API. Everything comes from the origin that served this page.
import { GraphiQL } from "graphiql";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import "./page.css";

globalThis.MonacoEnvironment = {
  getWorker(_workerId, label) {
    const name = label === "graphql" || label === "json" ? label : "editor";
    return new Worker(new URL(`./${name}.worker.js`, import.meta.url), { type: "module" });
  },
};

const api = new URL("/graphql", location.href);
const live = new URL(api);
live.protocol = api.protocol.replace("http", "ws");

const fetchers = new Map();

/** One fetcher for each set of headers: a WebSocket has none, so it opens with them as its parameters. */
function fetcherFor(headers) {
  const key = JSON.stringify(headers);
  if (!fetchers.has(key)) {
    // The socket opens with the first subscription, not with the page.
    const wsClient = createClient({ url: live.href, lazy: true, connectionParams: headers });
    fetchers.set(key, createGraphiQLFetcher({ url: api.href, wsClient }));
  }
  return fetchers.get(key);
}

const fetcher = (params, options) => fetcherFor(options?.headers ?? {})(params, options);

/** The example tabs. Without them GraphiQL still works, so their loss is told in the console only. */
async function loadExamples() {
  try {
    const answer = await fetch("/graphiql/examples.json");
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return await answer.json();
  } catch (fault) {
    console.warn("the example queries could not be loaded:", fault);
    return [];
  }
}

/** GraphiQL takes variables as text; a tab's title is its operation's name. */
function tabOf({ query, variables }) {
  return { query, variables: variables && Object.keys(variables).length ? JSON.stringify(variables, null, 2) : "" };
}

/** What a link asks for, /graphiql?query=...&variables=..., comes first and is shown, also beside kept tabs. */
function asked() {
  const wish = new URLSearchParams(location.search);
  return wish.has("query") ? [{ query: wish.get("query"), variables: wish.get("variables") ?? "" }] : [];
}

const wishes = asked();
const tabs = [...wishes, ...(await loadExamples()).map(tabOf)];
// GraphiQL 5.4 leaves the first tab's variables out unless they are also the initial ones; kept tabs bring their own.
const shown = wishes[0] ?? (localStorage.getItem("graphiql:tabState") ? undefined : tabs[0]);

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={tabs.length ? tabs : undefined}
    initialQuery={shown?.query}
    initialVariables={shown?.variables}
    defaultEditorToolsVisibility="variables"
    // A token may stand in the headers: it is forgotten with the page.
    isHeadersEditorEnabled
    shouldPersistHeaders={false}
  >
    {/* The page's header names it already, and GraphiQL's own logo leads to another site. */}
    <GraphiQL.Logo>{null}</GraphiQL.Logo>
  </GraphiQL>,
);
