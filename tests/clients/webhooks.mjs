// A subscriber in another language, as somebody would write it who has docs/webhooks.md only: it subscribes, is verified,
// replays what was before it, verifies every signature with the library of the standard, and ends with the log's events.
//
//     node webhooks.mjs SAID KEY ADDRESS
//
// SAID is the file that `taizhang --json serve` says its address into, KEY may read the log, ADDRESS is one of this machine
// that the service may dial.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const [said, key, address] = process.argv.slice(2);
const service = JSON.parse(readFileSync(said, "utf8")).url;

async function ask(method, path, body) {
  const answer = await fetch(service + path, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Idempotency-Key": randomUUID(), "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = await answer.json();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(told)}`);
  return told;
}

let secret;
const got = new Map();
let tampered = 0;

const receiver = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    const message = new Webhook(secret).verify(body, request.headers); // throws if it is not the service's
    try {
      new Webhook(secret).verify(body.replace("asset", "assets"), request.headers);
      if (body.includes("asset")) throw new Error("a changed message was verified");
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      tampered += 1;
    }
    if (message.type === "webhook.verification") {
      response.end(JSON.stringify({ challenge: message.data.challenge }));
      return;
    }
    assert.equal(request.headers["webhook-id"], `msg_${message.data.county}_${message.data.position}`);
    got.set(message.data.position, message);
    response.statusCode = 204;
    response.end();
  });
});

await new Promise((ready) => receiver.listen(0, address, ready));
const host = address.includes(":") ? `[${address}]` : address;
const head = (await ask("GET", "/v1/events?limit=1")).head;
assert.ok(head > 10, "the log is empty");
const made = await ask("POST", "/v1/webhook-endpoints", {
  url: `http://${host}:${receiver.address().port}/hook`,
  label: "另一种语言的接收端",
});
secret = made.secret;
const place = `/v1/webhook-endpoints/${made.endpoint.endpoint}`;
assert.equal((await ask("POST", `${place}/verification`, {})).state, "ACTIVE");
await ask("POST", `${place}/replays`, { which: "MISSING", first: 1, last: head });

const deadline = Date.now() + 60_000;
while (got.size < head && Date.now() < deadline) await new Promise((later) => setTimeout(later, 100));

const versions = new Map();
for (let after = 0; after < head; ) {
  const page = await ask("GET", `/v1/events?after=${after}&limit=1000&form=thin`);
  for (const event of page.events) assert.deepEqual(got.get(event.data.position), event);
  after = page.nextAfter;
}
for (const { data } of got.values()) {
  const before = versions.get(`${data.kind}/${data.subject}`) ?? 0;
  if (data.subject !== null) assert.ok(data.version > before, `${data.subject} came out of order`);
  versions.set(`${data.kind}/${data.subject}`, data.version);
}
assert.equal(got.size, head);
assert.ok(tampered > 0);
console.log(`${got.size} events received and verified, in order, the same as the log's`);
receiver.close();
process.exit(0);
