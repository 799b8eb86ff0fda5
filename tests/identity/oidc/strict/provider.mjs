// A strict identity provider on loopback (oidc-provider, certified): PKCE and state held to the letter, tokens by three
// algorithms, access tokens of systems as JWTs. Says on stdout what it is. Whoever signs in is who they say they are.
import { createServer } from "node:http";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";

const redirect = "https://taizhang.example/signed-in";
const audience = "https://taizhang.example/v1";
const secret = "a secret: +/%&";
const algorithms = ["RS256", "ES256", "EdDSA"];

const pairs = [
  ["rsa", { modulusLength: 2048 }],
  ["ec", { namedCurve: "P-256" }],
  ["ed25519", {}],
];
const keys = pairs.map(([kind, options]) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }),
  use: "sig",
}));

const persons = algorithms.map((algorithm) => ({
  client_id: `taizhang-${algorithm}`,
  client_secret: secret,
  redirect_uris: [redirect],
  post_logout_redirect_uris: ["https://taizhang.example/signed-out"],
  grant_types: ["authorization_code"],
  response_types: ["code"],
  token_endpoint_auth_method: algorithm === "ES256" ? "client_secret_post" : "client_secret_basic",
  id_token_signed_response_alg: algorithm,
}));
const systems = algorithms.map((algorithm) => ({
  client_id: `finance-${algorithm}`,
  client_secret: secret,
  redirect_uris: [],
  grant_types: ["client_credentials"],
  response_types: [],
}));

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [...persons, ...systems],
    claims: { openid: ["sub", "groups"], profile: ["name"] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    jwks: { keys },
    pkce: { required: () => true },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource, client) => ({
          scope: "",
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
          jwt: { sign: { alg: client.clientId.split("-")[1] } },
        }),
      },
    },
    enabledJWA: {
      idTokenSigningAlgValues: algorithms,
    },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: "阿依古丽", groups: ["台账登记", "审计"] }),
    }),
  });
  server.on("request", provider.callback());
  console.log(JSON.stringify({ issuer, redirect, audience, secret, algorithms }));
});
