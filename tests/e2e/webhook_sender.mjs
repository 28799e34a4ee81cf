// Signs deliveries with npm's `standardwebhooks`: a JSON array of {secret, id, at, body} on stdin, the signatures on stdout.
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const deliveries = JSON.parse(await text(process.stdin));
const signed = deliveries.map(({ secret, id, at, body }) => new Webhook(secret).sign(id, new Date(at * 1000), body));
console.log(JSON.stringify(signed));
