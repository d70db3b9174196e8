// Questions to the server. Every address is relative, so that the token in the page's own address is part of it.

import { visible } from "./dom.js";

const POLL = 20; // milliseconds until a question is asked again whose answer is still being computed; the server waits 0.4 s itself
const status = () => document.getElementById("status");

/** Say something to people and to screen readers. */
export function say(words, kind = "") {
  status().replaceChildren(...visible(words));
  status().className = kind;
}

async function parsed(response) {
  const body = response.headers.get("content-type")?.startsWith("application/json") ? await response.json() : null;
  if (!response.ok) throw new Error(body?.error ?? `the server answers ${response.status}; reload the page`);
  return [response.status, body];
}

/** The answer to a question; it is asked again while the server computes. `some` is called with what is there so far. */
export async function ask(name, given = {}, signal = undefined, some = () => {}) {
  const address = `api/${name}?${new URLSearchParams(given)}`;
  for (;;) {
    const [code, body] = await parsed(await fetch(address, { signal }));
    const share = body.share ?? 1;
    if (code === 200 && share >= 1) {
      if (status().className === "busy") say("");
      return body;
    }
    say(`Working: ${Math.min(99, Math.round(100 * share))} %`, "busy");
    if (code === 200) some(body);
    await new Promise((resolve) => setTimeout(resolve, POLL));
    signal?.throwIfAborted();
  }
}

export async function send(name, body) {
  const given = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return (await parsed(await fetch(`api/${name}`, given)))[1];
}
